// What the page says about a call, in words for people in a hurry.

import type { CallState } from '../../rtc/callState';

export interface Phrase {
  /** One or two words. */
  label: string;
  title: string;
  detail: string;
}

export function phraseFor(state: CallState, peerName: string | null): Phrase {
  const peer = peerName || 'the other person';
  switch (state.phase) {
    case 'connecting':
      return state.to === 'server' ? joining : connectingTo(peer);
    case 'waiting':
      return peerName ? waitingForReturnOf(peerName) : waiting;
    case 'connected':
      return {
        label: 'Connected',
        title: `You are talking to ${peer}`,
        detail: '',
      };
    case 'reconnecting':
      return reconnecting(state.lost, peer);
    case 'unreachable':
      return unreachable;
    case 'full':
      return full;
    case 'replaced':
      return replaced;
    case 'ended':
      return state.reason === 'left' ? left : refused;
  }
}

const joining: Phrase = {
  label: 'Joining',
  title: 'Joining your appointment…',
  detail: 'This takes a moment.',
};

function connectingTo(peer: string): Phrase {
  return {
    label: 'Connecting',
    title: `Connecting you to ${peer}…`,
    detail: 'This takes a moment.',
  };
}

const waiting: Phrase = {
  label: 'Waiting',
  title: 'Waiting for the other person',
  detail: 'You are in the right place. The call starts by itself as soon as they join.',
};

function waitingForReturnOf(name: string): Phrase {
  return {
    label: 'Waiting',
    title: `${name} has left`,
    detail: 'You can stay here. The call starts again by itself when they come back.',
  };
}

function reconnecting(lost: 'server' | 'peer' | 'media', peer: string): Phrase {
  const titles = {
    server: 'Reconnecting to the server',
    peer: `We have lost touch with ${peer}`,
    media: `The connection to ${peer} was interrupted`,
  };
  const details = {
    server: 'If you still hear each other, just go on talking. Please stay on this page.',
    peer: 'Please stay on this page while they reconnect.',
    media: 'Please stay on this page while we reconnect you.',
  };
  return { label: 'Reconnecting', title: titles[lost], detail: details[lost] };
}

const unreachable: Phrase = {
  label: 'No connection',
  title: 'We cannot reach the server',
  detail: 'Please check your internet connection. We keep trying; you can just wait here.',
};

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
