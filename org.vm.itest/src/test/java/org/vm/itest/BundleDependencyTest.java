package org.vm.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Dependencies between bundles point down only (docs/ARCHITECTURE.md, Bundles). */
class BundleDependencyTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    /** Parts that are no bundles of the running system. */
    private static final List<String> LIBRARIES = List.of("org.vm.testing", "org.vm.launcher");

    @TestFactory
    Stream<DynamicTest> everyBundleImportsOnlyWhatIsBelowIt() throws IOException {
        List<Path> bundles;
        try (Stream<Path> folders = Files.list(ROOT)) {
            bundles = folders.filter(folder -> Files.exists(manifest(folder)))
                    .filter(folder -> !LIBRARIES.contains(folder.getFileName().toString())).sorted().toList();
        }
        assertFalse(bundles.isEmpty(), "no bundle manifests under " + ROOT);
        return bundles.stream().map(folder -> DynamicTest.dynamicTest(folder.getFileName().toString(),
                () -> check(folder)));
    }

    private static void check(Path folder) throws IOException {
        String bundle = folder.getFileName().toString();
        Manifest manifest;
        try (InputStream in = Files.newInputStream(manifest(folder))) {
            manifest = new Manifest(in);
        }
        assertEquals(bundle, manifest.getMainAttributes().getValue("Bundle-SymbolicName"));
        TreeSet<String> forbidden = new TreeSet<>();
        for (String name : packages(manifest.getMainAttributes().getValue("Import-Package"))) {
            if (name.startsWith("org.vm.") && !allowed(bundle, name)) {
                forbidden.add(name);
            }
        }
        assertTrue(forbidden.isEmpty(), bundle + " must not import " + forbidden);
        for (String name : packages(manifest.getMainAttributes().getValue("Export-Package"))) {
            assertTrue(name.startsWith(bundle) && !name.contains(".internal"), bundle + " must not export " + name);
        }
    }

    private static boolean allowed(String bundle, String imported) {
        if (imported.equals("org.vm.api") || imported.startsWith("org.vm.api.") || imported.startsWith(bundle)) {
            return true;
        }
        return switch (imported) {
            case "org.vm.isa" -> bundle.startsWith("org.vm.isa.") || bundle.startsWith("org.vm.engine.");
            case "org.vm.guest" -> bundle.equals("org.vm.shell") || bundle.startsWith("org.vm.guest.");
            case "org.vm.device.virtio" -> bundle.startsWith("org.vm.device.") || bundle.startsWith("org.vm.gpu.");
            default -> false;
        };
    }

    /** The package names of a manifest header. */
    private static List<String> packages(String header) {
        if (header == null) {
            return List.of();
        }
        String unquoted = Pattern.compile("\"[^\"]*\"").matcher(header).replaceAll("");
        return Stream.of(unquoted.split(",")).map(clause -> clause.split(";")[0].strip()).toList();
    }

    private static Path manifest(Path folder) {
        return folder.resolve("target/classes/META-INF/MANIFEST.MF");
    }
}
