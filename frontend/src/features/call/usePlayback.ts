// Plays a stream in an <audio> or <video>. Browsers may block audio before the first touch; the
// user is then asked for one.

import { useEffect, useRef, useState } from 'react';

export function usePlayback<Player extends HTMLMediaElement>(stream: MediaStream | null) {
  const ref = useRef<Player>(null);
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
    const player = ref.current;
    if (!player) return;
    player.srcObject = stream;
    if (stream) play();
    else setIsBlocked(false);
  }, [stream]);

  return { ref, isBlocked, play };
}
