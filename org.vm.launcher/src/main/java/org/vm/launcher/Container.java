package org.vm.launcher;

import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;
import org.osgi.service.log.LogService;

/** A framework with the bundles of a distribution, started level by level. */
final class Container {
    private final Framework framework;
    private final AtomicInteger status = new AtomicInteger();

    Container(Framework framework) {
        this.framework = framework;
    }

    /** Makes the framework, with the command line as a service in it and no bundle yet. */
    void init(String[] arguments) throws BundleException {
        framework.init();
        BundleContext context = framework.getBundleContext();
        context.registerService(LogService.class, new Log(), null);
        context.registerService(Object.class, arguments, property("vm.arguments"));
        context.registerService(IntConsumer.class, this::exit, property("vm.exit"));
    }

    /** Installs and starts the bundles; returns when the highest level is reached. */
    void start(List<Distribution.SystemBundle> bundles) throws BundleException {
        BundleContext context = framework.getBundleContext();
        List<Bundle> started = new ArrayList<>();
        for (Distribution.SystemBundle each : bundles) {
            // "reference:": the framework reads the file where it lies, without a copy in its cache.
            Bundle bundle = context.installBundle("reference:" + each.file().toUri());
            if (each.level() > 0 && bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
                bundle.adapt(BundleStartLevel.class).setStartLevel(each.level());
                started.add(bundle);
            }
        }
        for (Bundle bundle : started) {
            bundle.start(Bundle.START_ACTIVATION_POLICY);
        }
        framework.start();
        int highest = bundles.stream().mapToInt(Distribution.SystemBundle::level).max().orElse(1);
        CompletableFuture<Void> reached = new CompletableFuture<>();
        // Once everything runs, the terminal belongs to commands and guests, and what goes wrong goes to the log.
        context.addFrameworkListener(event -> {
            if (event.getType() == FrameworkEvent.ERROR && !reached.isDone()) {
                System.err.println("vmm: bundle " + event.getBundle().getSymbolicName() + " did not start: "
                        + event.getThrowable().getMessage());
            }
        });
        framework.adapt(FrameworkStartLevel.class).setStartLevel(highest, event -> reached.complete(null));
        // A command may have done its work and stopped the framework before that: then no level is ever reported.
        Thread.ofVirtual().name("start or stop").start(() -> {
            try {
                framework.waitForStop(0);
                reached.complete(null);
            } catch (InterruptedException e) {
                reached.completeExceptionally(e);
            }
        });
        reached.join();
    }

    private static Dictionary<String, Object> property(String name) {
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put(name, Boolean.TRUE);
        return properties;
    }

    private void exit(int code) {
        status.set(code);
        // Stopping the system bundle returns at once; the framework stops on a thread of its own.
        try {
            framework.stop();
        } catch (BundleException e) {
            throw new IllegalStateException("the container cannot be stopped", e);
        }
    }

    /** Waits until the container has stopped. @return the exit status that was asked for, else 0 */
    int await() throws InterruptedException {
        framework.waitForStop(0);
        return status.get();
    }
}
