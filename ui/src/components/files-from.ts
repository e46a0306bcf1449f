// Files out of what a browser hands over on drop or paste.

export interface NamedFile {
  file: Blob;
  name: string;
}

export function filesFrom(list: FileList | null): NamedFile[] {
  return [...(list ?? [])].map((file) => ({ file, name: file.name }));
}

export function carriesFiles(event: DragEvent): boolean {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

/** Pasted text as a file of its own. */
export function textFile(text: string): NamedFile {
  return { file: new Blob([text], { type: "text/csv" }), name: "pasted.csv" };
}
