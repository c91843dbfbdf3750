package org.vm.device.virtio.internal;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/** Lets a guest fill the log at a few lines a minute only. */
final class LogLimit {
    private static final int LINES = 5;
    private static final long PERIOD = TimeUnit.MINUTES.toNanos(1);

    private long start = System.nanoTime();
    private int lines;

    void warn(Logger log, String format, Object... arguments) {
        if (allowed()) {
            log.warn(format, arguments);
        }
    }

    void debug(Logger log, String format, Object... arguments) {
        if (log.isDebugEnabled() && allowed()) {
            log.debug(format, arguments);
        }
    }

    private synchronized boolean allowed() {
        long now = System.nanoTime();
        if (now - start > PERIOD) {
            start = now;
            lines = 0;
        }
        if (lines < LINES) {
            lines++;
            return true;
        }
        return false;
    }
}
