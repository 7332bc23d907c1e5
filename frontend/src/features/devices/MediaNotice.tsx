// Notice during the call: why a device is missing, with help on request, or which device replaced
// another one.

import { Info, X } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from '../../components/ui/Button';
import type { Texts } from '../../lib/i18n/texts/en';
import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import type { DeviceSwitch, LocalMedia, MediaSnapshot } from '../../rtc/media/localMedia';
import { DeviceHelp } from './DeviceHelp';
import { problemsOf } from './problems';

interface MediaNoticeProps {
  media: LocalMedia;
}

export function MediaNotice({ media }: MediaNoticeProps) {
  const texts = useTexts().devices.notice;
  const local = useStore(media.snapshot);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const { deviceSwitch } = local;
  const phrase = deviceSwitch ? switchPhrase(deviceSwitch, texts) : problemPhrase(local, texts);
  if (!phrase || phrase === dismissed) return null;

  function close() {
    if (deviceSwitch) media.dismissDeviceSwitch();
    else setDismissed(phrase);
  }

  return (
    <div className="max-h-1/2 overflow-y-auto border-b border-line bg-surface px-4 py-2 text-sm lg:rounded-2xl lg:border">
      <div role="status" data-testid="media-notice" className="flex items-start gap-3">
        <Info aria-hidden className="mt-3 size-5 shrink-0 text-accent" />
        <div className="flex flex-1 flex-wrap items-center gap-x-4 gap-y-1">
          <p className="min-w-52 flex-1 py-2">{phrase}</p>
          {!deviceSwitch && (
            <Button
              variant="secondary"
              aria-expanded={isHelpOpen}
              onClick={() => setIsHelpOpen(!isHelpOpen)}
            >
              {isHelpOpen ? texts.hideHelp : texts.showHelp}
            </Button>
          )}
        </div>
        <IconButton
          variant="quiet"
          label={texts.close}
          icon={<X aria-hidden className="size-5" />}
          onClick={close}
        />
      </div>
      {isHelpOpen && !deviceSwitch && (
        <div className="flex flex-col gap-2 pb-2">
          <DeviceHelp media={media} />
        </div>
      )}
    </div>
  );
}

type NoticeTexts = Texts['devices']['notice'];

function switchPhrase({ kind, to }: DeviceSwitch, texts: NoticeTexts): string {
  return to ? texts.moved[kind](to) : texts.movedToUnnamed[kind];
}

/** Null while no device is missing. */
function problemPhrase(local: MediaSnapshot, texts: NoticeTexts): string | null {
  const noCamera = local.camera === 'missing';
  const noMicrophone = local.microphone === 'missing';
  if (!noCamera && !noMicrophone) return null;
  const causes = problemsOf(local).map(({ problem, what }) => texts[problem](what));
  const missing = noCamera && noMicrophone ? 'both' : noCamera ? 'camera' : 'microphone';
  return [...causes, texts.consequence[missing]].join(' ');
}
