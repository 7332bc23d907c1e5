// How loud a microphone is, many times a second.

/** Quieter than this, in decibels of full scale, is a room in which nobody speaks. */
const FLOOR_DB = -60;

/** From this level on somebody has been heard; a quiet room stays well below it. */
const HEARD = 0.25;

/** Speech pauses, and a bar that falls at once is hard to read. Per drawing, at 60 a second. */
const FALL = 0.92;

export interface LevelEvents {
  /** From 0, nothing, to 1, as loud as can be; once for each drawing of the screen. */
  onLevel: (level: number) => void;
  /** The first time that something is heard. */
  onHeard: () => void;
  /** The browser does not measure before the page was touched; it goes on by itself afterwards. */
  onAsleep: (isAsleep: boolean) => void;
}

/** Watches `track` until the returned function is called. */
export function watchLevel(track: MediaStreamTrack, events: LevelEvents): () => void {
  const opened = openAnalyser(track);
  if (!opened) return () => {};
  const { context, analyser } = opened;
  const ending = new AbortController();
  const { signal } = ending;

  const tellWhetherAsleep = () => events.onAsleep(context.state === 'suspended');
  const wake = () => void context.resume().catch(() => {});
  context.addEventListener('statechange', tellWhetherAsleep, { signal });
  for (const touch of ['pointerdown', 'keydown']) window.addEventListener(touch, wake, { signal });
  tellWhetherAsleep();

  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  let wasHeard = false;
  let frame = requestAnimationFrame(measure);

  function measure() {
    frame = requestAnimationFrame(measure);
    analyser.getFloatTimeDomainData(samples);
    level = Math.max(levelOf(samples), level * FALL);
    events.onLevel(level);
    if (level < HEARD || wasHeard) return;
    wasHeard = true;
    events.onHeard();
  }

  return () => {
    ending.abort();
    cancelAnimationFrame(frame);
    void context.close().catch(() => {});
  };
}

/** Null where the browser cannot: a level is a comfort, and no reason to fail. */
function openAnalyser(track: MediaStreamTrack) {
  try {
    // Made only now that a microphone is granted: a page that records may measure without a touch.
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    return { context, analyser };
  } catch {
    return null;
  }
}

/** Loudness as ears take it, which is in decibels: from 0 to 1. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}
