// Texts of the first page and the page before the room.

export const lobby = {
  login: {
    title: 'Join your appointment',
    note: 'You can try camera and microphone next, before anyone sees or hears you.',
    appointment: 'Appointment number',
    appointmentHint: 'You find it in your invitation.',
    name: 'Your name',
    nameHint: 'The other person will see it.',
    continue: 'Continue',
    otherProtocols: 'Other protocols of this server:',
  },

  problems: {
    appointment: {
      missing: 'Please enter your appointment number.',
      tooLong: 'This is too long for an appointment number.',
      forbidden: 'An appointment number has no “/” in it.',
    },
    name: {
      missing: 'Please enter your name.',
      tooLong: 'Please use a shorter name.',
      forbidden: 'Please use letters only.',
    },
  },

  preJoin: {
    title: 'Ready to join?',
    appointment: 'Appointment',
    joinAs: 'You join as',
    changeName: 'Change name',
    join: 'Join now',
    joining: 'Joining…',
    ownPicture: 'Your picture',
    cameraOff: 'Your camera is off',
    cameraStarting: 'Starting your camera…',
    cameraMissing: 'No camera',
    controls: 'Microphone and camera',
    notSeenYet: 'The other person cannot see or hear you yet.',
  },

  backToFirstPage: 'Back to the first page',
};
