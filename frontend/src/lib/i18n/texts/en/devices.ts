// Texts about camera, microphone and speaker: choosing, testing, and problems.

/** Grammatical forms of the devices that a sentence is about. */
type What = 'camera' | 'microphone' | 'both';

const names = { camera: 'camera', microphone: 'microphone', both: 'camera or microphone' };
const them = { camera: 'it', microphone: 'it', both: 'them' };
const settings = { camera: 'Camera', microphone: 'Microphone', both: 'Camera and Microphone' };

export const devices = {
  camera: 'Camera',
  microphone: 'Microphone',
  speaker: 'Speaker',
  unnamed: (kind: 'camera' | 'microphone' | 'speaker', number: number) =>
    `${{ camera: 'Camera', microphone: 'Microphone', speaker: 'Speaker' }[kind]} ${number}`,
  noneFound: 'None found',
  notKnownYet: 'Shown once it is allowed',
  systemSpeaker: 'As the system decides',

  settingsTitle: 'Camera, microphone and speaker',
  ownPicture: 'Your picture',
  mute: 'Mute',
  unmute: 'Unmute',
  startCamera: 'Start camera',
  stopCamera: 'Stop camera',

  level: {
    label: 'Microphone level',
    silent: 'Say something: the bar should move.',
    heard: 'Your microphone hears you.',
    stillSilent:
      'We hear nothing yet. Speak up, look for a mute switch on the microphone, or choose another one.',
    muted: 'Your microphone is muted.',
    suspended: 'Tap or press a key to see whether your microphone hears you.',
  },

  speakerTest: {
    play: 'Play a sound',
    playing: 'Playing…',
    question: 'Did you hear it?',
    yes: 'Yes',
    no: 'No',
    heard: 'Good. You will hear the other person like this.',
    help: [
      'Turn the volume up, on this device and on the speaker or headset itself.',
      'If a headset or a Bluetooth speaker is connected, listen there.',
      'Choose another speaker in the list, if there is one, and play the sound again.',
    ],
    failed: 'The sound could not be played on this speaker. Choose another one.',
  },

  /** Texts of the notice during the call. */
  notice: {
    denied: (what: What) => `Your browser does not let this page use your ${names[what]}.`,
    dismissed: (what: What) => `This page may not use your ${names[what]} yet.`,
    system: (what: What) => `Your system does not let the browser use your ${names[what]}.`,
    absent: (what: What) => `We found no ${names[what]}.`,
    busy: (what: What) => `Another program seems to be using your ${names[what]}.`,
    insecure: (what: What) =>
      `This address is not secure, so your browser gives it no ${names[what]}.`,
    unsupported: (what: What) => `This browser cannot use your ${names[what]} for calls.`,
    embedded: (what: What) => `The page around this one withholds your ${names[what]}.`,
    consequence: {
      camera: 'You can take part, but the other person cannot see you.',
      microphone: 'You can take part and use the chat, but the other person cannot hear you.',
      both: 'You can take part and use the chat, but the other person cannot see or hear you.',
    },
    moved: {
      camera: (to: string) => `Your camera has changed. You are now using ${to}.`,
      microphone: (to: string) => `Your microphone has changed. You are now using ${to}.`,
    },
    movedToUnnamed: {
      camera: 'Your camera has changed. You are now using another one.',
      microphone: 'Your microphone has changed. You are now using another one.',
    },
    close: 'Close this notice',
    showHelp: 'What can I do?',
    hideHelp: 'Hide the help',
  },

  help: {
    ask: 'Ask again',
    retry: 'Try again',
    secureAddress: 'Open the secure address',
    ownTab: 'Open in a tab of its own',
    joinAnyway: 'You can join without, and mend it later.',
    asking: 'If your browser asks for camera and microphone, please choose “Allow”.',

    denied: {
      title: (what: What) => `Your browser blocks your ${names[what]}`,
      steps: {
        chrome: (what: What) => [
          'Click the icon right before the address of this page, at the top of the window.',
          `Switch on ${settings[what]}.`,
          'Come back here. If nothing happens, reload the page.',
        ],
        chromeOnAndroid: (what: What) => [
          'Tap the icon right before the address, then “Permissions”.',
          `Allow ${settings[what]}.`,
          'Come back here. If nothing happens, reload the page.',
        ],
        firefox: (what: What) => [
          `Click the crossed-out ${names[what]} icon next to the address of this page.`,
          'Click the × after “Blocked”.',
          'Press “Ask again” here, and choose “Allow”.',
        ],
        safari: (what: What) => [
          'In the menu bar, open Safari, then “Settings for This Website…”.',
          `Set ${settings[what]} to “Allow”.`,
          'Press “Ask again” here.',
        ],
        ios: (what: What) => [
          'Tap the icon at the start of the address bar, then “Website Settings” (perhaps behind “…”).',
          `Set ${settings[what]} to “Allow”.`,
          `If that changes nothing: open the Settings app, look for your browser, and allow ${settings[what]} there.`,
          'Reload this page.',
        ],
        other: (what: What) => [
          'Open the settings for this page, mostly by an icon next to its address.',
          `Allow ${settings[what]}.`,
          'Press “Ask again” here.',
        ],
      },
    },
    dismissed: {
      title: (what: What) => `Your browser asked for your ${names[what]}, and got no answer`,
      steps: (what: What) => [
        `Press “Ask again”, and choose “Allow” so that we can use ${them[what]}.`,
      ],
    },
    system: {
      title: (what: What) => `Your system keeps the ${names[what]} from your browser`,
      steps: {
        windows: (what: What) => [
          `Open Settings, then “Privacy & security”, then ${settings[what]}.`,
          'Switch on the access, also for desktop apps.',
          'Come back here and press “Try again”.',
        ],
        mac: (what: What) => [
          `Open System Settings, then “Privacy & Security”, then ${settings[what]}.`,
          'Switch your browser on.',
          'If you are asked to, quit the browser and open this page again.',
        ],
        ios: (what: What) => [
          `Open the Settings app, look for your browser, and switch on ${settings[what]}.`,
          'Come back here and reload this page.',
        ],
        android: (what: What) => [
          'Open Settings, then “Apps”, then your browser, then “Permissions”.',
          `Allow ${settings[what]}.`,
          'Come back here and press “Try again”.',
        ],
        other: (what: What) => [
          `In the privacy settings of your system, let your browser use ${settings[what]}.`,
          'Come back here and press “Try again”.',
        ],
      },
    },
    absent: {
      title: (what: What) => `We found no ${names[what]}`,
      steps: (what: What) => [
        `If you have one, plug it in or connect it; we take ${them[what]} up by ourselves.`,
        'Look for a switch or a cover on the device or the keyboard that turns it off.',
      ],
    },
    busy: {
      title: (what: What) => `Something else is using your ${names[what]}`,
      steps: (what: What) => [
        'Close other programs and tabs for calls: Zoom, Teams, WhatsApp, or another window of this page.',
        `Press “Try again”. If that does not help, unplug ${them[what]} and plug ${them[what]} in again, or restart the device.`,
      ],
    },
    insecure: {
      title: (what: What) =>
        `This address is not secure, so your browser gives it no ${names[what]}`,
      steps: () => ['Open this page by its https:// address instead.'],
    },
    unsupported: {
      title: () => 'This browser cannot make calls',
      steps: () => [
        'Open this page in a current Chrome, Edge, Firefox or Safari.',
        'If you came here from a mail or messenger app, choose “Open in browser” in its menu.',
      ],
    },
    embedded: {
      title: (what: What) => `The page around this one withholds your ${names[what]}`,
      steps: () => ['Open the appointment in a tab of its own.'],
    },
  },
};
