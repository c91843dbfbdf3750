package org.vm.itest;

import static org.ops4j.pax.exam.CoreOptions.bootDelegationPackage;
import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.systemPackages;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.ops4j.pax.exam.Option;

/** The container of the Pax Exam tests: the services that every bundle needs, and our bundles from the reactor. */
final class Container {
    private static final List<String> SLF4J = List.of("org.slf4j", "org.slf4j.event", "org.slf4j.helpers", "org.slf4j.spi");

    private Container() {}

    static Option with(String... bundles) {
        List<Option> options = new ArrayList<>();
        options.add(systemProperty("pax.exam.logging").value("none"));
        options.add(systemProperty("pax.exam.system").value("test"));
        options.add(frameworkProperty("org.osgi.framework.bootdelegation").value("sun.*,jdk.*"));
        options.add(frameworkProperty("felix.resolver.parallelism").value("1"));
        options.add(bootDelegationPackage("sun.misc"));
        for (String name : SLF4J) {
            options.add(systemPackages(name + ";version=2.0.17", name + ";version=1.7.36"));
        }
        options.add(junitBundles());
        for (String library : List.of("org.osgi.util.function", "org.osgi.util.promise", "org.osgi.service.component",
                "org.apache.felix.configadmin", "org.apache.felix.eventadmin", "org.apache.felix.scr", "gson")) {
            options.add(bundle(libraryJar(library).toUri().toString()));
        }
        for (String name : bundles) {
            options.add(bundle("reference:" + reactorClasses(name).toUri()));
        }
        return composite(options.toArray(Option[]::new));
    }

    /** The jar of the class path whose name starts with {@code artifact}. */
    private static Path libraryJar(String artifact) {
        return Stream.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(java.io.File.pathSeparator)).map(Path::of)
                .filter(path -> path.getFileName().toString().matches(artifact.replace(".", "\\.") + "-[0-9].*")).findFirst()
                .orElseThrow(() -> new IllegalStateException(artifact + " is not on the class path"));
    }

    private static Path reactorClasses(String bundle) {
        Path classes = Path.of("..", bundle, "target", "classes").toAbsolutePath().normalize();
        if (!Files.exists(classes.resolve("META-INF/MANIFEST.MF"))) {
            throw new UncheckedIOException(new IOException(bundle + " is not built: " + classes));
        }
        return classes;
    }
}
