// The path prefix under which the server is reached. The server fills it into the page's <base>.

/** Empty, or such as “/visits”. */
export function basePath(): string {
  const base = document.querySelector('base')?.getAttribute('href') ?? '/';
  return new URL(base, window.location.origin).pathname.replace(/\/+$/, '');
}

/** Address of a path of the server, such as “/api/v1/ice-servers”. */
export function serverPath(path: string): string {
  return basePath() + path;
}

/**
 * Where the page is to be opened instead; null if it is under the prefix. The server serves it
 * elsewhere too.
 */
export function addressUnderBase({ pathname, search, hash }: Location): string | null {
  const base = basePath();
  const isUnder = pathname === base || pathname.startsWith(`${base}/`);
  return isUnder ? null : base + pathname + search + hash;
}
