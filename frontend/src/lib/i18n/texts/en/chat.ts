// Texts of the chat.

export const chat = {
  title: 'Chat',
  close: 'Close the chat',
  save: 'Save the chat as a file',
  saved: 'The chat was saved.',
  messages: 'Messages',
  empty: 'No messages yet. What you write here stays with this appointment.',
  historyMissing: 'Earlier messages cannot be shown right now. They are not lost.',
  showEarlier: 'Show earlier messages',
  newMessages: 'New messages',
  jumpToNewest: 'Jump to the newest message',
  unread: (count: number) => (count === 1 ? '1 new message' : `${count} new messages`),
  said: (name: string, text: string) => `${name}: ${text}`,
  you: 'You',
  unknown: 'Unknown',
  today: 'Today',
  yesterday: 'Yesterday',
  sent: 'Sent',
  sending: 'Sending',
  notSent: 'Not sent. Try again',
  notKept: 'Delivered. It will not be in the chat next time: the chat is full.',
  showAll: 'Show all',
  showLess: 'Show less',
  input: 'Message',
  placeholder: 'Write a message',
  send: 'Send',
  tooLong: (excess: number, formatted: string) =>
    `This message is too long to send. Please shorten it by ${formatted} ${
      excess === 1 ? 'character' : 'characters'
    }, or send it in parts.`,
  transcript: {
    fileName: (appointment: string) => `chat-${appointment}.txt`,
    heading: (appointment: string) => `Chat of appointment ${appointment}`,
    savedAt: (time: string) => `Saved on ${time}`,
    notSent: 'not sent',
  },
};
