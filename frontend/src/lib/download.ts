// Hands a file to the browser, which puts it where the reader's files go.

export function saveTextFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = safeFileName(name);
  link.click();
  // The browser reads the file a moment later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What every file system takes. */
function safeFileName(name: string): string {
  return name.replace(/[\\/:*?"<>|\p{Cc}\p{Cf}]+/gu, '-');
}
