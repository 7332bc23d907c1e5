// Title of the tab: the number of unread messages, the screen, and the product.

import { useTexts } from '../../lib/i18n/useTexts';
import { unreadBadge } from '../../lib/unreadBadge';
import { useStore } from '../../lib/useStore';

export function PageTitle({ text }: { text: string }) {
  const { common } = useTexts();
  const unread = useStore(unreadBadge);
  const count = unread > 0 ? `(${unread}) ` : '';
  return <title>{`${count}${text} · ${common.productName}`}</title>;
}
