// Every text of the page, in English: the language that the others are measured by.

import { call } from './call';
import { chat } from './chat';
import { common } from './common';
import { connection } from './connection';
import { devices } from './devices';
import { endings } from './endings';
import { lobby } from './lobby';

export const en = { common, lobby, devices, connection, call, chat, endings };

/** What a language must have. A text with something variable in it is a function of that. */
export type Texts = typeof en;
