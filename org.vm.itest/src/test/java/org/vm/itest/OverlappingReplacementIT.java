package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.Test;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.SynchronousBundleListener;
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

    /** The framework remembers every bundle that has ever used a service. */
    @Test
    public void oneBundleStandsInEachTime() throws Exception {
        List<String> installed = new CopyOnWriteArrayList<>();
        SynchronousBundleListener listener = event -> {
            if (event.getType() == BundleEvent.INSTALLED) {
                installed.add(event.getBundle().getLocation());
            }
        };
        context.addBundleListener(listener);
        try {
            for (int version = 2; version < 8; version++) {
                replace(of(Integer.toString(version)));
            }
            assertThrows(ReplacementException.class, () -> replace(failing("8", "restore")));
            replace(of("9"));
        } finally {
            context.removeBundleListener(listener);
        }
        assertEquals(List.of("stand-in for test:sequence"), installed);
        assertGoesOnWith("9");
    }

    @Test
    public void aBundleThatWasReplacedStopsAndStartsLikeAnyOther() throws Exception {
        replace(of("2"));
        machine.stop();
        bundle.stop();
        await("the device leaves", () -> machine.devices().find("sequence").isEmpty());
        bundle.start();
        await("the device comes", () -> machine.devices().find("sequence").isPresent());
        machine.start();
        awaitProgress();
    }

    @Test
    public void whatIsOnTrialIsReplacedByTheNextVersion() throws Exception {
        replacer.replace(bundle.getBundleId(), of("2"), Duration.ofSeconds(30));
        assertEquals(Map.of(bundle.getBundleId(), standIns().getFirst().getBundleId()), replacer.standIns());
        awaitProgress();
        replacer.replace(bundle.getBundleId(), of("3"), Duration.ZERO);
        assertGoesOnWith("3");
        assertEquals(Map.of(), replacer.standIns());
        assertEquals("2.0.0", latest().from());
    }

    @Test
    public void whoUninstallsABundleOnTrialMeansItsStandInToo() throws Exception {
        replacer.replace(bundle.getBundleId(), of("2"), Duration.ofMillis(500));
        bundle.uninstall();
        await("the stand-in leaves", () -> standIns().isEmpty());
        await("the device leaves", () -> machine.devices().find("sequence").isEmpty());
        await("the trial ends", () -> latest().outcome() != Outcome.ON_TRIAL);
        bundle = context.installBundle("test:sequence", of("3"));
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
