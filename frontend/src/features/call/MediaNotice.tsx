// Says in a sentence or two why somebody is not seen or heard, and what to do about it.

import { Info, X } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from '../../components/ui/Button';
import type { MediaSnapshot } from '../../rtc/media';
import { mediaPhrase } from './mediaPhrases';

interface MediaNoticeProps {
  local: MediaSnapshot;
  onRetry: () => void;
}

export function MediaNotice({ local, onRetry }: MediaNoticeProps) {
  const [dismissed, setDismissed] = useState<string | null>(null);
  const phrase = mediaPhrase(local);
  if (!phrase || phrase === dismissed) return null;
  return (
    <div
      role="status"
      data-testid="media-notice"
      className="flex items-start gap-3 border-b border-line bg-surface px-4 py-2 text-sm lg:rounded-2xl lg:border"
    >
      <Info aria-hidden className="mt-3 size-5 shrink-0 text-accent" />
      <div className="flex flex-1 flex-wrap items-center gap-x-4 gap-y-1">
        <p className="min-w-52 flex-1 py-2">{phrase}</p>
        {local.problem !== 'insecure' && (
          <Button variant="secondary" onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
      <IconButton
        variant="quiet"
        label="Close this notice"
        icon={<X aria-hidden className="size-5" />}
        onClick={() => setDismissed(phrase)}
      />
    </div>
  );
}
