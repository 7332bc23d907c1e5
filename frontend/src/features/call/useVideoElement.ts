// Plays a stream in a <video>. Browsers may refuse sound to people who have not touched the page
// yet; then they are asked to.

import { useEffect, useRef, useState } from 'react';

export function useVideoElement(stream: MediaStream | null) {
  const ref = useRef<HTMLVideoElement>(null);
  const [isBlocked, setIsBlocked] = useState(false);

  function play() {
    ref.current?.play().then(
      () => setIsBlocked(false),
      (error: unknown) => {
        if (error instanceof DOMException && error.name === 'NotAllowedError') setIsBlocked(true);
      },
    );
  }

  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    video.srcObject = stream;
    if (stream) play();
  }, [stream]);

  return { ref, isBlocked, play };
}
