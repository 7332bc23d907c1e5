// Picture-in-picture: a document window with controls where the browser supports it, otherwise the
// video alone.

import { useEffect, useState } from 'react';

/**
 * Missing in some browsers and in TypeScript's types.
 * https://wicg.github.io/document-picture-in-picture/
 */
interface DocumentPictureInPicture {
  requestWindow(size: { width: number; height: number }): Promise<Window>;
}

declare global {
  interface Window {
    documentPictureInPicture?: DocumentPictureInPicture;
  }
}

export interface PictureInPicture {
  isSupported: boolean;
  isOn: boolean;
  /** Body of the window; null while it is closed, or shows the video alone. */
  window: Window | null;
  toggle(): void;
}

const SIZE = { width: 360, height: 270 };

export function usePictureInPicture(): PictureInPicture {
  const [pipWindow, setPipWindow] = useState<Window | null>(null);
  const [hasVideo, setHasVideo] = useState(false);
  // Closes the window when its page is closed.
  useEffect(() => () => pipWindow?.close(), [pipWindow]);

  async function openWindow(pictures: DocumentPictureInPicture) {
    const opened = await pictures.requestWindow(SIZE);
    opened.addEventListener('pagehide', () => setPipWindow(null));
    copyStyles(opened.document);
    setPipWindow(opened);
  }

  async function toggleVideo() {
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    const video = remoteVideo();
    if (!video) return;
    video.addEventListener('leavepictureinpicture', () => setHasVideo(false), { once: true });
    await video.requestPictureInPicture();
    setHasVideo(true);
  }

  async function toggle() {
    if (pipWindow) pipWindow.close();
    else if (window.documentPictureInPicture) await openWindow(window.documentPictureInPicture);
    else await toggleVideo();
  }

  return {
    isSupported:
      window.documentPictureInPicture !== undefined || (document.pictureInPictureEnabled ?? false),
    isOn: pipWindow !== null || hasVideo,
    window: pipWindow,
    // The browser refused; the button allows another attempt.
    toggle: () => void toggle().catch(() => {}),
  };
}

function remoteVideo(): HTMLVideoElement | null {
  return document.querySelector('[data-testid=remote-video]');
}

/** Copies the page's style sheets and attributes into the window. */
function copyStyles(target: Document): void {
  const { lang, dir, className } = document.documentElement;
  Object.assign(target.documentElement, { lang, dir, className });
  for (const sheet of document.querySelectorAll('link[rel=stylesheet], style')) {
    target.head.append(sheet.cloneNode(true));
  }
}
