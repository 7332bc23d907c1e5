// Saves a text file through the browser's download.

export function saveTextFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = safeFileName(name);
  link.click();
  // The browser reads the file asynchronously.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Replaces characters that some file systems reject. */
function safeFileName(name: string): string {
  return name.replace(/[\\/:*?"<>|\p{Cc}\p{Cf}]+/gu, '-');
}
