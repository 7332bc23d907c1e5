// The chat.

export const chat = {};
