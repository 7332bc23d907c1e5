// The way in: the first page, and the check of devices and connection before joining.

export const lobby = {};
