package org.vm.itest;

import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Map;
import org.junit.Test;
import org.vm.api.replace.ReplacementException;

/** One version stops, and then the next one starts. */
public class ReplacementIT extends BundleReplacementTests {
    @Override
    Map<String, String> headers() {
        return Map.of();
    }

    @Test
    public void aDeviceThatDoesNotGiveItsStateStays() throws Exception {
        replace(failing("2", "capture"));
        var failure = assertThrows(ReplacementException.class, () -> replace(of("3")));
        assertTrue(failure.getMessage(), failure.getMessage().contains("does not give its state"));
        assertGoesOnWith("2");
    }
}
