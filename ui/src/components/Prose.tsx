// A text of the interface, with what stands in backticks shown as it stands in the file.

export function Prose({ text }: { text: string }) {
  const parts = text.split(/`([^`]*)`/);
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at} class="quoted">{part}</code> : part))}</>;
}
