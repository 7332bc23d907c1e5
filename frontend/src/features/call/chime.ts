// Two soft synthesised notes that announce an arrival.

const notes = [
  { hertz: 659.3, atS: 0 },
  { hertz: 880, atS: 0.16 },
];
const LENGTH_S = 0.5;
const VOLUME = 0.15;

/** Plays the chime; silent where the browser blocks audio before the first touch. */
export async function chime(): Promise<void> {
  const context = new AudioContext();
  if (context.state !== 'running') await Promise.race([context.resume(), pause(500)]);
  if (context.state === 'running') {
    for (const { hertz, atS } of notes) play(context, hertz, context.currentTime + atS);
    await pause(1_000 * (LENGTH_S + 0.2));
  }
  await context.close();
}

function play(context: AudioContext, hertz: number, startS: number): void {
  const tone = new OscillatorNode(context, { frequency: hertz });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, startS);
  volume.gain.linearRampToValueAtTime(VOLUME, startS + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, startS + LENGTH_S);
  tone.connect(volume).connect(context.destination);
  tone.start(startS);
  tone.stop(startS + LENGTH_S);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
