// A button with a menu, for pointer, touch and arrow keys.

import { Check } from 'lucide-react';
import { type ComponentProps, type KeyboardEvent, type ReactNode, useContext } from 'react';
import { cn } from '../../lib/cn';
import { MenuId } from './menuId';
import { Popover, type PopoverTrigger } from './Popover';

interface MenuProps {
  label: string;
  trigger: (attributes: PopoverTrigger & { 'aria-haspopup': 'menu' }) => ReactNode;
  children: ReactNode;
}

export function Menu({ label, trigger, children }: MenuProps) {
  return (
    <Popover
      role="menu"
      aria-label={label}
      width={300}
      trigger={(attributes) => trigger({ ...attributes, 'aria-haspopup': 'menu' })}
      onOpen={(menu) => itemsOf(menu)[0]?.focus()}
      onKeyDown={moveFocus}
    >
      {(id) => <MenuId value={id}>{children}</MenuId>}
    </Popover>
  );
}

type MenuItemProps = ComponentProps<'button'> & { icon: ReactNode };

/** A menu item that closes the menu. */
export function MenuItem({ icon, children, ...rest }: MenuItemProps) {
  const id = useContext(MenuId);
  return (
    <MenuButton {...rest} role="menuitem" popoverTarget={id} popoverTargetAction="hide">
      {icon}
      <span className="min-w-0 flex-1">{children}</span>
    </MenuButton>
  );
}

type MenuCheckboxProps = MenuItemProps & { checked: boolean };

/** A menu item with a check mark; keeps the menu open to show it. */
export function MenuCheckbox({ icon, checked, children, ...rest }: MenuCheckboxProps) {
  return (
    <MenuButton {...rest} role="menuitemcheckbox" aria-checked={checked}>
      {icon}
      <span className="min-w-0 flex-1">{children}</span>
      <Check aria-hidden className={cn('size-5 shrink-0', !checked && 'invisible')} />
    </MenuButton>
  );
}

function MenuButton({ className, ...rest }: ComponentProps<'button'>) {
  return (
    <button
      type="button"
      tabIndex={-1}
      {...rest}
      className={cn(
        'flex min-h-11 w-full cursor-pointer items-center gap-3 rounded-xl px-3 py-2 text-start text-sm',
        'hover:bg-sunken focus-visible:bg-sunken [&>svg]:size-5 [&>svg]:shrink-0',
        className,
      )}
    />
  );
}

function itemsOf(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('[role^=menuitem]')];
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const items = itemsOf(event.currentTarget);
  const current = items.indexOf(document.activeElement as HTMLElement);
  const targets: Record<string, number> = {
    ArrowDown: (current + 1) % items.length,
    ArrowUp: (current - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  const target = targets[event.key];
  if (target === undefined) return;
  event.preventDefault();
  items[target]?.focus();
}
