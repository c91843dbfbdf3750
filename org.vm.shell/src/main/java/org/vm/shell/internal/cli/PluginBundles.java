package org.vm.shell.internal.cli;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * The jars in {@code plugins/}. Whoever watches the folder starts them beside everything else; a machine that is made at the
 * start of the process shall know the instructions that they bring.
 */
final class PluginBundles {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long LOOK_MILLIS = 20;

    private final BundleContext context;

    PluginBundles(BundleContext context) {
        this.context = context;
    }

    /** Waits a little until all of them run. @return the names of the files that do not */
    List<String> await() {
        long until = System.nanoTime() + PATIENCE_NANOS;
        List<String> idle = idle();
        while (!idle.isEmpty() && System.nanoTime() < until) {
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return idle;
            }
            idle = idle();
        }
        return idle;
    }

    private List<String> idle() {
        String folders = context.getProperty("felix.fileinstall.dir");
        List<String> idle = new ArrayList<>();
        for (String folder : folders == null ? List.<String>of() : List.of(folders.split(","))) {
            File[] jars = new File(folder.strip()).listFiles(file -> file.getName().endsWith(".jar"));
            Stream.ofNullable(jars).flatMap(Stream::of).filter(jar -> !runs(jar)).map(File::getName).forEach(idle::add);
        }
        return idle;
    }

    private boolean runs(File jar) {
        Bundle bundle = context.getBundle(jar.toURI().normalize().toString());
        return bundle != null && bundle.getState() == Bundle.ACTIVE;
    }
}
