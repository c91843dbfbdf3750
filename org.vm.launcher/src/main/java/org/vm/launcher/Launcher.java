package org.vm.launcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.ServiceLoader;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Starts the container of a distribution folder and ends with the status that the command line asked for.
 *
 * <p>The arguments are handed over as a service: a {@code String[]} with the property {@code vm.arguments}; whoever
 * carries them out gives the exit status to the {@code java.util.function.IntConsumer} with the property
 * {@code vm.exit}, which stops the container.
 */
public final class Launcher {
    private static final int FAILED = 1;
    private static final long STOP_TIMEOUT_MS = 10_000;

    private Launcher() {}

    public static void main(String[] arguments) {
        int status;
        try {
            status = run(Distribution.ofThisProgram(), arguments);
        } catch (IOException | BundleException | IllegalArgumentException e) {
            System.err.println("vmm: cannot start: " + e.getMessage());
            status = FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            status = FAILED;
        }
        // Bundles may leave threads behind; the container has stopped, so nothing of theirs is still wanted.
        System.exit(status);
    }

    static int run(Distribution distribution, String[] arguments) throws IOException, BundleException, InterruptedException {
        Path cache = WorkFolder.base(System.getenv());
        try (WorkFolder work = WorkFolder.create(cache)) {
            System.setProperty("vmm.home", distribution.home().toString());
            System.setProperty("vmm.log", work.log().toString());
            System.setProperty("logback.configurationFile", distribution.conf().resolve("logback.xml").toString());
            Map<String, String> properties = distribution.properties(work.folder(), cache);
            // JLine looks for its terminal providers through this loader, and finds them in its own only if there is none.
            Thread.currentThread().setContextClassLoader(null);
            Framework framework = factory().newFramework(properties);
            Thread hook = new Thread(() -> stop(framework, work), "stop container");
            Runtime.getRuntime().addShutdownHook(hook);
            Container container = new Container(framework);
            container.init(arguments);
            container.start(distribution.bundles());
            int status = container.await();
            removeHook(hook);
            return status;
        }
    }

    private static FrameworkFactory factory() {
        return ServiceLoader.load(FrameworkFactory.class, Launcher.class.getClassLoader()).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no OSGi framework is on the launcher's class path"));
    }

    /** On a signal: ends what runs and clears up, before the virtual machine halts. */
    private static void stop(Framework framework, WorkFolder work) {
        try {
            framework.stop();
            FrameworkEvent event = framework.waitForStop(STOP_TIMEOUT_MS);
            if (event.getType() == FrameworkEvent.WAIT_TIMEDOUT) {
                System.err.println("vmm: the container did not stop within " + STOP_TIMEOUT_MS / 1000 + " s");
            }
            work.close();
        } catch (BundleException | IOException e) {
            System.err.println("vmm: the container did not stop: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyShuttingDown) {
            // The hook itself stopped the container; the virtual machine is on its way out.
            return;
        }
    }

    /** Where a distribution lies if this class comes from its launcher folder. */
    static Path home(Path code) {
        return code.toAbsolutePath().getParent().getParent();
    }
}
