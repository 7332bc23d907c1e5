// Measures the level of a microphone, once per animation frame.

/** Level of a quiet room, in decibels of full scale. */
const FLOOR_DB = -60;

/** Level of speech, from 0 to 1; a quiet room stays well below it. */
const HEARD = 0.25;

/** Factor by which the level falls per frame: slowly, so that pauses in speech stay legible. */
const FALL = 0.92;

export interface LevelEvents {
  /** Called once per animation frame, with a level from 0 to 1. */
  onLevel: (level: number) => void;
  /** Called once, when speech is first heard. */
  onHeard: () => void;
  /** Reports whether the browser suspends measuring until the first touch or key. */
  onSuspended: (isSuspended: boolean) => void;
}

/** Measures `track` until the returned function is called. */
export function watchLevel(track: MediaStreamTrack, events: LevelEvents): () => void {
  const opened = openAnalyser(track);
  if (!opened) return () => {};
  const { context, analyser } = opened;
  const ending = new AbortController();
  const { signal } = ending;

  const reportState = () => events.onSuspended(context.state === 'suspended');
  const resume = () => void context.resume().catch(() => {});
  context.addEventListener('statechange', reportState, { signal });
  for (const touch of ['pointerdown', 'keydown'])
    window.addEventListener(touch, resume, { signal });
  reportState();

  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  let wasHeard = false;
  let frame = requestAnimationFrame(measure);

  function measure() {
    frame = requestAnimationFrame(measure);
    analyser.getFloatTimeDomainData(samples);
    level = Math.max(loudnessOf(samples), level * FALL);
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

/** Null where the browser has no audio context; the level is optional. */
function openAnalyser(track: MediaStreamTrack) {
  try {
    // Created after the permission: a page that records may measure before the first touch.
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    return { context, analyser };
  } catch {
    return null;
  }
}

/** Level of samples on a logarithmic scale, as ears hear it: from 0 to 1. */
export function loudnessOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}
