// Sizes as the server counts them.

const encoder = new TextEncoder();

/** The length in bytes of `text` as UTF-8, which is what goes over the wire. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
