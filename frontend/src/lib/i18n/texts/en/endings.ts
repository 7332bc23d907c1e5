// Texts of the screens before, after and in place of a call.

export const endings = {
  saveTranscript: 'Save the chat',
  left: {
    title: 'You have left the appointment',
    detail: 'If this was a mistake, you can go straight back in.',
    duration: (length: string) => `Your visit lasted ${length}.`,
    again: 'Join again',
  },
  full: {
    held: {
      title: 'Your earlier connection still holds this seat',
      detail:
        'It was cut off, or its page was closed without leaving. This page joins by itself as soon as the seat is free. You need not do anything.',
    },
    taken: {
      title: 'Two people are in this appointment',
      detail:
        'If one of them is you, on another device, leave there: this page then joins by itself. Otherwise, please check that you have the right appointment.',
    },
    joinsIn: (seconds: number) =>
      seconds === 1 ? 'You join in 1 second' : `You join in ${seconds} seconds`,
    another: 'Another appointment',
  },
  replaced: {
    title: 'You went on in another tab',
    detail: 'This appointment is open there now. You can carry on here, too: just say so.',
    again: 'Use this tab instead',
  },
  refused: {
    title: 'You cannot join this appointment',
    again: 'Try again',
    reasons: {
      appointment:
        'The server does not take this appointment number. Please check it, or open the link in your invitation once more.',
      name: 'The server does not take your name as it is. Please go back and write it with letters only, and no longer than it has to be.',
      origin:
        'The server does not let this page in: it knows itself by another address than the one you have opened. Please use the address in your invitation.',
      other:
        'Something did not go as it should. Please load the page again, or try another browser.',
    },
  },
  unreachable: {
    network: {
      title: 'We cannot reach the server',
      detail: 'This is what you can try:',
    },
    busy: {
      title: 'The server is very busy',
      detail: 'It will let you in as soon as it can. You can just wait here.',
    },
    restarting: {
      title: 'The server is being restarted',
      detail: 'This takes a moment. You can just wait here.',
    },
    steps: [
      'Check that you are connected to the internet, for instance by opening another page.',
      'Move closer to your Wi-Fi, or change to mobile data.',
      'If you use a VPN, switch it off for a moment.',
    ],
    nextTry: (seconds: number) =>
      seconds === 1 ? 'We try again in 1 second.' : `We try again in ${seconds} seconds.`,
    trying: 'We are trying…',
    tryNow: 'Try now',
  },
  otherTab: {
    title: 'You are already in this appointment in another tab',
    detail: (name: string) =>
      `There you are called ${name}. You can go on here instead, and the other tab lets go.`,
    useThisTab: 'Use this tab instead',
    joinAsAnother: 'Join as another person',
  },
  invalidAppointment: {
    title: 'There is no such appointment',
    detail:
      'The link is damaged or incomplete: what it holds cannot be an appointment number. Please copy the whole link from your invitation, or type the number on the first page.',
  },
  notFound: {
    title: 'There is no such page',
    detail: 'The address may be incomplete. Please open the link in your invitation once more.',
  },
  crashed: {
    title: 'Something went wrong',
    detail:
      'This page has stopped working, and we are sorry. Your place in the appointment is kept: load the page again to be back in it.',
    again: 'Load again',
  },
};
