package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Map;
import org.junit.Test;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;

/** Both versions may be there at once. */
public class OverlappingReplacementIT extends BundleReplacementTests {
    @Override
    Map<String, String> headers() {
        return Map.of("VM-Replacement", "overlapping");
    }

    @Test
    public void theGuestWaitsForNothingButTheExchange() throws Exception {
        replace(of("2"));
        assertGoesOnWith("2");
        assertEquals("[hold, exchange, fill]", latest().steps().keySet().toString());
    }

    @Test
    public void aDeviceThatDoesNotGiveItsStateStaysWhereItIs() throws Exception {
        replace(failing("2", "capture"));
        assertTrue(latest().detail(), latest().detail().contains("goes on as bundle"));
        assertThrows(ReplacementException.class, () -> replace(of("3")));
        awaitProgress();
        assertEquals("2.0.0", device().get("version"));
        standIns().forEach(this::uninstall);
    }

    @Test
    public void aVersionThatWorksAsAStandInAloneGoesOnAsThat() throws Exception {
        replace(failing("2", "settling"));
        assertEquals(Outcome.DONE, latest().outcome());
        assertTrue(latest().detail(), latest().detail().contains("goes on as bundle"));
        awaitProgress();
        assertEquals("2.0.0", device().get("version"));
        replace(failing("3", "settling"));
        awaitProgress();
        assertEquals("3.0.0", device().get("version"));
        assertEquals("0", device().get("wrong"));
        assertFalse(standIns().isEmpty());
        standIns().forEach(this::uninstall);
    }
}
