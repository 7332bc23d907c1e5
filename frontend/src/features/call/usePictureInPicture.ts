// The other person in a small window that stays on top: one with controls where the browser has
// that, else the browser's own for a single video.

import { useEffect, useState } from 'react';

/** Not in every browser, and not yet in TypeScript's. https://wicg.github.io/document-picture-in-picture/ */
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
  /** Where to draw; null while it is closed, or a video's own. */
  window: Window | null;
  toggle(): void;
}

const SIZE = { width: 360, height: 270 };

export function usePictureInPicture(): PictureInPicture {
  const [pipWindow, setPipWindow] = useState<Window | null>(null);
  const [hasVideo, setHasVideo] = useState(false);
  // It goes when the page does that it belongs to.
  useEffect(() => () => pipWindow?.close(), [pipWindow]);

  async function openWindow(pictures: DocumentPictureInPicture) {
    const opened = await pictures.requestWindow(SIZE);
    opened.addEventListener('pagehide', () => setPipWindow(null));
    dress(opened.document);
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
    // Refused: the button is still there for another try.
    toggle: () => void toggle().catch(() => {}),
  };
}

function remoteVideo(): HTMLVideoElement | null {
  return document.querySelector('[data-testid=remote-video]');
}

/** Makes the window look as the page does. */
function dress(target: Document): void {
  const { lang, dir, className } = document.documentElement;
  Object.assign(target.documentElement, { lang, dir, className });
  for (const sheet of document.querySelectorAll('link[rel=stylesheet], style')) {
    target.head.append(sheet.cloneNode(true));
  }
}
