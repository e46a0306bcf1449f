// What people mean by the number of records: those that hold data.

/** Blank lines, comments, preamble and footer are read too, but they are no data. */
export function dataRecords(counts: { accepted: number; rejected: number }): number {
  return counts.accepted + counts.rejected;
}
