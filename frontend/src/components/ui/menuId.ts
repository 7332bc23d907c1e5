// Context with the id of the popover, by which menu items close their menu.

import { createContext } from 'react';

export const MenuId = createContext<string | undefined>(undefined);
