package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.reflect.Array;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.util.tracker.ServiceTracker;

/** The distribution as it was assembled starts completely. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DistributionIT {
    private static final Duration LONG = Duration.ofSeconds(30);

    private Framework framework;
    private BundleContext context;

    @BeforeAll
    void start(@TempDir Path work) throws Exception {
        Distribution distribution = Distribution.of(Path.of("target", "vmm"));
        framework = ServiceLoader.load(FrameworkFactory.class).findFirst().orElseThrow()
                .newFramework(distribution.properties(work, work));
        Container container = new Container(framework);
        // Without a command line: nobody acts on one, and no prompt waits for input.
        framework.init();
        container.start(distribution.bundles());
        context = framework.getBundleContext();
    }

    @AfterAll
    void stop() throws Exception {
        framework.stop();
        framework.waitForStop(LONG.toMillis());
    }

    @Test
    void everyBundleIsActiveAndEveryLibraryIsResolved() throws Exception {
        Distribution distribution = Distribution.of(Path.of("target", "vmm"));
        List<String> wrong = new ArrayList<>();
        for (Distribution.SystemBundle each : distribution.bundles()) {
            Bundle bundle = context.getBundle("reference:" + each.file().toUri());
            assertNotNull(bundle, each.file() + " is not installed");
            int wanted = each.level() > 0 ? Bundle.ACTIVE : Bundle.RESOLVED;
            if (bundle.getState() != wanted) {
                wrong.add(bundle.getSymbolicName() + " is in state " + bundle.getState());
            }
        }
        assertEquals(List.of(), wrong);
    }

    /** A component that needs no configuration and is not satisfied lacks a bundle in the distribution. */
    @Test
    void everyComponentThatNeedsNoConfigurationIsSatisfied() throws Exception {
        Object runtime = service("org.osgi.service.component.runtime.ServiceComponentRuntime");
        Object descriptions = call(runtime, "getComponentDescriptionDTOs", new Class<?>[] {Bundle[].class},
                (Object) new Bundle[0]);
        List<String> unsatisfied = new ArrayList<>();
        int seen = 0;
        for (Object description : (Iterable<?>) descriptions) {
            seen++;
            if ("require".equals(field(description, "configurationPolicy"))) {
                continue;
            }
            Object configurations = call(runtime, "getComponentConfigurationDTOs",
                    new Class<?>[] {description.getClass()}, description);
            for (Object configuration : (Iterable<?>) configurations) {
                Object references = field(configuration, "unsatisfiedReferences");
                if (Array.getLength(references) > 0 || (int) field(configuration, "state") < 4) {
                    List<String> missing = Arrays.stream((Object[]) references).map(r -> {
                        try {
                            return field(r, "name") + " " + field(r, "target");
                        } catch (ReflectiveOperationException e) {
                            throw new AssertionError(e);
                        }
                    }).toList();
                    unsatisfied.add(field(description, "name") + " waits for " + missing);
                }
            }
        }
        assertTrue(seen > 0, "no component at all is known");
        assertEquals(List.of(), unsatisfied);
    }

    @Test
    void theProgramAnswersACommandLineAndEndsWithItsStatus(@TempDir Path scratch) throws Exception {
        Answer help = program(scratch, "--help");
        assertEquals(0, help.status, help.error);
        assertTrue(help.output.contains("run"), help.output);
        assertEquals("", help.error);
        Answer mistake = program(scratch, "no-such-command");
        assertNotEquals(0, mistake.status);
        assertEquals("", mistake.output);
        assertTrue(mistake.error.contains("no-such-command"), mistake.error);
        try (Stream<Path> left = Files.list(scratch.resolve("work/run"))) {
            assertEquals(List.of(), left.toList(), "work folders are left behind");
        }
    }

    @Test
    void theBuiltInGuestRunsInEveryModeThatThereIsAnEngineFor(@TempDir Path scratch) throws Exception {
        for (String mode : List.of("interpreter", "jit", "hybrid")) {
            Answer guest = program(scratch, "run", "builtin", "--mode", mode);
            assertEquals(0, guest.status, guest.error);
            assertTrue(guest.output.contains("check arithmetic ......... ok"), guest.output);
        }
    }

    private record Answer(int status, String output, String error) {}

    private static Answer program(Path scratch, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseParallelGC", "-Xmn32m", "--sun-misc-unsafe-memory-access=allow", "-jar",
                Path.of("target", "vmm", "launcher", "org.vm.launcher.jar").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(scratch.resolve("out").toFile()).redirectError(scratch.resolve("err").toFile());
        builder.environment().put("VMM_WORK", scratch.resolve("work").toString());
        Process process = builder.start();
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the program does not end");
        return new Answer(process.exitValue(), Files.readString(scratch.resolve("out")), Files.readString(scratch.resolve("err")));
    }

    @Test
    void aConfigurationFileThatAppearsInAWatchedFolderIsAConfigurationUntilItIsDeleted() throws Exception {
        Object admin = service("org.osgi.service.cm.ConfigurationAdmin");
        Path plugins = Path.of("target", "vmm", "plugins").toAbsolutePath();
        Path file = plugins.resolve("org.vm.dist.probe~one.cfg");
        CountDownLatch came = new CountDownLatch(1);
        CountDownLatch went = new CountDownLatch(1);
        Class<?> listenerType = admin.getClass().getClassLoader().loadClass("org.osgi.service.cm.ConfigurationListener");
        Object listener = Proxy.newProxyInstance(listenerType.getClassLoader(),
                new Class<?>[] {listenerType}, (proxy, method, arguments) -> {
                    if (method.getName().equals("configurationEvent")) {
                        String pid = (String) call(arguments[0], "getPid", new Class<?>[0]);
                        if (pid.startsWith("org.vm.dist.probe")) {
                            ((int) call(arguments[0], "getType", new Class<?>[0]) == 1 ? came : went).countDown();
                        }
                        return null;
                    }
                    return switch (method.getName()) {
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        default -> "probe";
                    };
                });
        framework.getBundleContext().getBundle("reference:" + Path.of("target", "vmm", "system", "1",
                        "org.apache.felix.configadmin.jar").toAbsolutePath().toUri()).getBundleContext()
                .registerService(listenerType.getName(), listener, null);
        try {
            Files.writeString(file, "vm=linux\n");
            assertTrue(came.await(LONG.toSeconds(), TimeUnit.SECONDS), "the file did not become a configuration");
            Files.delete(file);
            assertTrue(went.await(LONG.toSeconds(), TimeUnit.SECONDS), "the configuration outlived its file");
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private Object service(String type) throws Exception {
        ServiceTracker<Object, Object> tracker = new ServiceTracker<>(context, FrameworkUtil.createFilter(
                "(objectClass=" + type + ")"), null);
        tracker.open(true);
        Object service = tracker.waitForService(LONG.toMillis());
        assertNotNull(service, "there is no service " + type);
        return service;
    }

    /** The container's classes are not this test's, though they have the same names. */
    private static Object call(Object target, String method, Class<?>[] types, Object... arguments)
            throws ReflectiveOperationException {
        for (Class<?> type = target.getClass(); type != null; type = type.getSuperclass()) {
            for (Class<?> face : type.getInterfaces()) {
                for (var candidate : face.getMethods()) {
                    if (candidate.getName().equals(method) && candidate.getParameterCount() == types.length) {
                        return candidate.invoke(target, arguments);
                    }
                }
            }
        }
        return target.getClass().getMethod(method, types).invoke(target, arguments);
    }

    private static Object field(Object target, String name) throws ReflectiveOperationException {
        return target.getClass().getField(name).get(target);
    }
}
