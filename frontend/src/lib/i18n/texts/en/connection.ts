// Texts of the connection check.

type Kind = 'server' | 'webSocket' | 'local' | 'stun' | 'relay';

export const connection = {
  check: 'Check my connection',
  intro: 'Takes a few seconds, and tells whether a call will work from here.',
  checking: 'Checking your connection…',
  checkAgain: 'Check again',
  meaning: 'What this means',
  roundTrip: (ms: number) => `${ms} ms`,

  verdicts: {
    good: {
      title: 'Your connection is good',
      detail: 'A call should work from here.',
    },
    doubtful: {
      title: 'A call may work from here',
      detail: 'If you cannot see or hear each other, try another network, such as your phone’s.',
    },
    bad: {
      title: 'A call will probably not work from here',
      detail:
        'Check that you are online. If you use a VPN or a company’s network, try without, or use your phone’s network.',
    },
  },

  lines: {
    server: 'Server of this page',
    webSocket: 'Fast messages to the server',
    local: 'Network on this device',
    stun: 'Direct way through the internet',
    relay: 'Way through a relay',
  } satisfies Record<Kind, string>,

  outcomes: {
    good: 'Works',
    fair: 'Partly',
    bad: 'Does not work',
    none: 'Not set up',
    unknown: 'Cannot be told',
  },

  meanings: {
    server: {
      good: 'The server answers.',
      fair: 'The server answers, but slowly.',
      bad: 'The server does not answer. You may be offline, or it may be down for a moment.',
      none: '',
      unknown: '',
    },
    webSocket: {
      good: 'You and the other person find each other quickly.',
      fair: '',
      bad: 'Something between you and the server, perhaps a company’s proxy, holds up fast messages. The page works without them, a little slower.',
      none: '',
      unknown: '',
    },
    local: {
      good: 'Your device has a network that calls can use.',
      fair: '',
      bad: 'Your browser offers no network for calls. You may be offline, or an extension or a VPN forbids it.',
      none: '',
      unknown: '',
    },
    stun: {
      good: 'Your network lets calls go straight to the other person, as long as theirs does too.',
      fair: '',
      bad: 'Your network lets no call out directly. It then needs a relay.',
      none: 'This server does not help to find a direct way through the internet. Calls work within one network.',
      unknown: '',
    },
    relay: {
      good: 'Where there is no direct way, sound and picture take the way through a relay.',
      fair: 'The relay answers, but our trial did not get through it in time.',
      bad: 'The relay does not answer, so calls that need it will not work from here.',
      none: 'This server has no relay (TURN) set up: where a firewall lets no direct way through, a call is not possible.',
      unknown: 'Your browser tells whether the relay answers only during the call.',
    },
  },
};
