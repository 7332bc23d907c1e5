// Searches received values.

/** Every text and number anywhere in `value`, keys included, as text. */
export function stringsIn(value) {
  const found = new Set();
  const look = (part) => {
    if (typeof part === 'string' || typeof part === 'number') found.add(String(part));
    if (part === null || typeof part !== 'object') return;
    for (const [key, field] of Object.entries(part)) {
      found.add(key);
      look(field);
    }
  };
  look(value);
  return [...found];
}
