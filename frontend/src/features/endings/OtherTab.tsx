// Asks which tab to use when another one is in the same appointment, or whether a second
// participant joins.

import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import { Detail, Screen, ScreenTitle } from './Screen';
import type { OtherTabView } from './useOtherTab';

export function OtherTab({ otherTab }: { otherTab: OtherTabView & { phase: 'elsewhere' } }) {
  const { otherTab: texts } = useTexts().endings;
  return (
    <Screen
      name="other-tab"
      title={<ScreenTitle data-testid="other-tab">{texts.title}</ScreenTitle>}
      actions={
        <>
          <Button onClick={otherTab.useThisTab} data-testid="use-this-tab-button">
            {texts.useThisTab}
          </Button>
          <Button
            variant="secondary"
            onClick={otherTab.joinAsAnother}
            data-testid="join-as-another-button"
          >
            {texts.joinAsAnother}
          </Button>
        </>
      }
    >
      <Detail>{texts.detail(otherTab.name)}</Detail>
    </Screen>
  );
}
