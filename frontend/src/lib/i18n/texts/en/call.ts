// Texts of the call: its states, its controls, and the other participant.

export const call = {
  someone: 'the other person',
  appointment: (id: string) => `Appointment ${id}`,

  /** Each state in one or two words, as a sentence, and with advice. */
  states: {
    joining: {
      label: 'Joining',
      title: 'Joining your appointment…',
      detail: 'This takes a moment.',
    },
    connecting: {
      label: 'Connecting',
      title: (peer: string) => `Connecting you to ${peer}…`,
      detail: 'This takes a moment.',
    },
    waiting: {
      label: 'Waiting',
      title: 'Waiting for the other person',
      detail: 'You are in the right place. The call starts by itself as soon as they join.',
    },
    waitingForReturn: {
      label: 'Waiting',
      title: (name: string) => `${name} has left`,
      detail: 'You can stay here. The call starts again by itself when they come back.',
    },
    connected: {
      label: 'Connected',
      title: (peer: string) => `You are talking to ${peer}`,
    },
    reconnecting: {
      label: 'Reconnecting',
      server: {
        title: 'Reconnecting to the server',
        detail: 'If you still hear each other, just go on talking. Please stay on this page.',
      },
      peer: {
        title: (peer: string) => `We have lost touch with ${peer}`,
        detail: 'Please stay on this page while they reconnect.',
      },
      media: {
        title: (peer: string) => `The connection to ${peer} was interrupted`,
        detail: 'Please stay on this page while we reconnect you.',
      },
    },
    noPath: {
      label: 'No path yet',
      title: (peer: string) => `We have found no way through to ${peer}`,
      detail:
        'A firewall may be in the way. We keep trying; another network, such as a phone’s, often helps.',
      detailNoRelay:
        'A firewall may be in the way, and this server has no relay (TURN) to get around it. We keep trying; another network, such as a phone’s, often helps.',
      check: 'Check the connection',
    },
    unreachable: {
      label: 'No connection',
      title: 'We cannot reach the server',
      detail: 'Please check your internet connection. We keep trying; you can just wait here.',
    },
  },

  stage: {
    label: 'Pictures',
    you: 'You',
    yourScreen: 'Your screen',
    ownPicture: 'Your picture',
    ownPictureHelp: 'The arrow keys move it to another corner.',
    pictureOf: (name: string) => `Picture of ${name}`,
    muted: 'Muted',
    cameraOff: 'Camera off',
    sharing: 'Sharing their screen',
    reconnecting: 'Reconnecting',
    videoPaused: 'Picture paused to keep the sound clear',
    hear: (name: string) => `Tap to hear ${name}`,
    allowDevices: 'If your browser asks for camera and microphone, please choose “Allow”.',
    talking: 'You are heard while you hold the space bar',
  },

  controls: {
    label: 'Call controls',
    mute: 'Mute',
    unmute: 'Unmute',
    camera: 'Camera',
    stopCamera: 'Turn the camera off',
    startCamera: 'Turn the camera on',
    share: 'Share',
    shareScreen: 'Share your screen',
    stopSharing: 'Stop sharing your screen',
    flip: 'Switch between front and back camera',
    more: 'More',
    devices: 'Camera, microphone and speaker',
    fullScreen: 'Full screen',
    endFullScreen: 'Leave full screen',
    pip: 'Small window on top',
    endPip: 'Close the small window',
    invite: 'Copy the invite link',
    shareInvite: 'Send the invite link',
    copied: 'The invite link is copied',
    copyThis: 'Copy this link and send it:',
    arrivalSound: 'Sound when the other person arrives',
    shortcuts: 'Keyboard shortcuts',
    leave: 'Leave',
    /** A control and its keyboard shortcut. */
    withKey: (control: string, key: string) => `${control} (${key})`,
  },

  shortcuts: {
    title: 'Keyboard shortcuts',
    microphone: 'Mute or unmute',
    camera: 'Camera on or off',
    screen: 'Start or stop sharing your screen',
    chat: 'Show or hide the chat',
    talk: 'Speak for as long as it is held down, while you are muted',
    help: 'This list',
    space: 'Space',
    enabled: 'Use these keys',
  },

  news: {
    arrived: (name: string) => `● ${name} is here`,
    muted: (name: string) => `${name} is muted`,
    unmuted: (name: string) => `${name} can be heard again`,
    shares: (name: string) => `${name} is sharing their screen`,
    sharesNoMore: (name: string) => `${name} has stopped sharing their screen`,
    paused: 'Your picture is paused to keep the sound clear',
    resumed: 'Your picture is back',
  },

  timer: (time: string) => `Time in the call: ${time}`,

  quality: {
    label: {
      good: 'Good connection',
      fair: 'Fair connection',
      poor: 'Poor connection',
      unknown: 'Connection being measured',
    },
    advice: {
      good: 'Sound and picture get through well.',
      fair: 'It may stutter now and then.',
      poor: 'It helps to move closer to the Wi-Fi, or to close other programs that use the internet.',
      unknown: 'There are no figures at the moment.',
    },
    direct: 'You are connected to each other directly.',
    relayed: 'You are connected through a relay.',
    details: 'Details of the connection',
    roundTrip: 'There and back',
    lossIn: 'Lost on the way here',
    lossOut: 'Lost on the way there',
    jitter: 'Unevenness of sound',
    received: 'Received',
    sent: 'Sent',
    videoIn: 'Their picture',
    videoOut: 'Your picture',
    path: 'Path',
    pathKind: { direct: 'direct', relayed: 'relayed' },
    milliseconds: (amount: string) => `${amount} ms`,
    kilobits: (amount: string) => `${amount} kbit/s`,
    videoFormat: (width: number, height: number, rate: string) => `${width} × ${height}, ${rate}/s`,
    unknown: '–',
  },
};
