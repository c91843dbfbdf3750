package org.vm.itest;

import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.osgi.framework.BundleContext;
import org.osgi.util.tracker.ServiceTracker;
import org.vm.api.backend.AttachableConsole;

/** Someone at a console of the guest. The console may be another one later, for its bundle is replaced; who looks at it stays. */
final class ConsoleClient implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ServiceTracker<AttachableConsole, AttachableConsole> consoles;
    private final AttachableConsole.Attachment attachment;

    ConsoleClient(BundleContext context, String vm, String name, AttachableConsole.Viewer viewer) throws Exception {
        consoles = new ServiceTracker<>(context, context.createFilter("(&(objectClass=" + AttachableConsole.class.getName() + ")(vm=" + vm
                + ")(name=" + name + "))"), null);
        consoles.open();
        attachment = console().attach(viewer, 1 << 20);
    }

    private AttachableConsole console() throws InterruptedException {
        AttachableConsole console = consoles.waitForService(LIMIT.toMillis());
        assertNotNull("the machine has no console", console);
        return console;
    }

    void type(ByteBuffer keys) throws InterruptedException {
        while (keys.hasRemaining()) {
            AttachableConsole console = console();
            if (console.type(keys) == 0) {
                assertTrue("nobody reads what is typed", console.awaitRoom(LIMIT));
            }
        }
    }

    @Override
    public void close() {
        attachment.close();
        consoles.close();
    }
}
