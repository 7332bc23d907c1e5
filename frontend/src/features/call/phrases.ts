// What the page says about a call, in words for people in a hurry.

import type { Texts } from '../../lib/i18n/texts/en';
import type { CallSnapshot, CallState } from '../../rtc/callState';

export interface Phrase {
  /** One or two words. */
  label: string;
  title: string;
  detail: string;
}

/** What there is to be known besides the state. */
export type Circumstances = Pick<CallSnapshot, 'peerName' | 'hasRelay'>;

export function phraseFor(state: CallState, about: Circumstances, texts: Texts): Phrase {
  const { states, someone } = texts.call;
  const peer = about.peerName || someone;
  switch (state.phase) {
    case 'connecting':
      if (state.to === 'server') return states.joining;
      return state.noPath ? noPath(about, texts) : of(states.connecting, peer);
    case 'waiting':
      return about.peerName ? of(states.waitingForReturn, about.peerName) : states.waiting;
    case 'connected':
      return of({ ...states.connected, detail: '' }, peer);
    case 'reconnecting':
      if (state.lost === 'media' && state.noPath) return noPath(about, texts);
      return of({ label: states.reconnecting.label, ...states.reconnecting[state.lost] }, peer);
    case 'unreachable':
      return states.unreachable;
    case 'full':
      return full;
    case 'replaced':
      return replaced;
    case 'ended':
      return state.reason === 'left' ? left : refused;
  }
}

function noPath({ peerName, hasRelay }: Circumstances, texts: Texts): Phrase {
  const { label, title, detail, detailNoRelay } = texts.call.states.noPath;
  return {
    label,
    title: title(peerName || texts.call.someone),
    detail: hasRelay ? detail : detailNoRelay,
  };
}

interface PhraseAbout {
  label: string;
  title: string | ((peer: string) => string);
  detail: string;
}

function of({ label, title, detail }: PhraseAbout, peer: string): Phrase {
  return { label, title: typeof title === 'string' ? title : title(peer), detail };
}

const full: Phrase = {
  label: 'Full',
  title: 'Two people are already in this appointment',
  detail: 'If one of them is you, on another device, leave there first. Then try again here.',
};

const replaced: Phrase = {
  label: 'Elsewhere',
  title: 'This appointment is open in another tab',
  detail: 'You can go on there, or carry on here.',
};

const left: Phrase = {
  label: 'Left',
  title: 'You have left the appointment',
  detail: 'If this was a mistake, you can go straight back in.',
};

const refused: Phrase = {
  label: 'Not possible',
  title: 'You cannot join this appointment',
  detail: 'Please check the appointment number and your name, or open the link once more.',
};
