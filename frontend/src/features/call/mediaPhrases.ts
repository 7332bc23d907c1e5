// What the page says about a camera or a microphone that is not there.

import type { MediaProblem, MediaSnapshot } from '../../rtc/media';

/** Null when there is nothing to say. */
export function mediaPhrase({ camera, microphone, problem }: MediaSnapshot): string | null {
  const noCamera = camera === 'missing';
  const noMicrophone = microphone === 'missing';
  if (!problem || (!noCamera && !noMicrophone)) return null;
  const [device, sense] = missing(noCamera, noMicrophone);
  const consequence = `You can take part and use the chat, but the other person cannot ${sense} you.`;
  return `${causes[problem](device)} ${consequence} ${remedies[problem]}`;
}

function missing(noCamera: boolean, noMicrophone: boolean): [device: string, sense: string] {
  if (noCamera && noMicrophone) return ['camera or microphone', 'see or hear'];
  return noCamera ? ['camera', 'see'] : ['microphone', 'hear'];
}

const causes: Record<MediaProblem, (device: string) => string> = {
  blocked: (device) => `Your browser does not let this page use your ${device}.`,
  busy: (device) => `Another program seems to be using your ${device}.`,
  absent: (device) => `We found no ${device}.`,
  insecure: (device) => `This address is not secure, so your browser gives it no ${device}.`,
};

const remedies: Record<MediaProblem, string> = {
  blocked: 'Allow it next to the page’s address, then try again.',
  busy: 'Close the other program, then try again.',
  absent: 'Plug one in, then try again.',
  insecure: 'Open the page by its https:// address.',
};
