// Synthesised sound to test a speaker: three rising notes.

/** C, E and G, in hertz: within the range of small speakers. */
const NOTES = [523.25, 659.25, 783.99];
const NOTE_SECONDS = 0.35;

/** Gain of the notes: clearly audible, and comfortable in headphones. */
const VOLUME = 0.3;

/** Time for the latency of a Bluetooth headset. */
const TAIL_SECONDS = 0.3;

/**
 * Plays the sound on the output `speaker`, an id for setSinkId; '' is the system's default.
 * Resolves after the last note. Rejects when that output cannot be used.
 */
export async function playTestSound(speaker: string): Promise<void> {
  const context = new AudioContext();
  try {
    await context.resume();
    const output = await outputOf(context, speaker);
    const end = NOTES.reduce(
      (time, pitch) => addNote(context, output, pitch, time),
      context.currentTime,
    );
    await new Promise((resolve) =>
      setTimeout(resolve, (end + TAIL_SECONDS - context.currentTime) * 1_000),
    );
  } finally {
    await context.close();
  }
}

/** Node to connect the notes to. Browsers set the output of a context, or only of an element. */
async function outputOf(context: AudioContext, speaker: string): Promise<AudioNode> {
  if (!speaker) return context.destination;
  if ('setSinkId' in context) {
    await (context as { setSinkId(id: string): Promise<void> }).setSinkId(speaker);
    return context.destination;
  }
  const stream = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = stream.stream;
  await element.setSinkId(speaker);
  await element.play();
  return stream;
}

/** Schedules a note and returns its end. It fades in and out, since an abrupt start clicks. */
function addNote(context: AudioContext, output: AudioNode, pitch: number, start: number): number {
  const end = start + NOTE_SECONDS;
  const oscillator = new OscillatorNode(context, { frequency: pitch });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.05);
  gain.gain.linearRampToValueAtTime(0, end);
  oscillator.connect(gain).connect(output);
  oscillator.start(start);
  oscillator.stop(end);
  return end;
}
