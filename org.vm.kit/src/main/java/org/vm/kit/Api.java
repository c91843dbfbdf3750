package org.vm.kit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a plugin is compiled with: the published API of a distribution, and annotations. */
final class Api {
    private static final List<String> BUNDLES = List.of("system/3/org.vm.api.jar", "system/3/org.vm.device.virtio.jar",
            "launcher/slf4j-api.jar");

    private Api() {}

    static List<Path> of(Path home) throws IOException {
        List<Path> jars = new ArrayList<>(BUNDLES.stream().map(home::resolve).toList());
        Path annotations = home.resolve("kit/compile");
        for (Path jar : jars) {
            if (!Files.exists(jar)) {
                throw new KitException("the distribution in " + home + " lacks " + jar + "; build it anew");
            }
        }
        try (Stream<Path> more = Files.list(annotations)) {
            more.filter(file -> file.toString().endsWith(".jar")).sorted().forEach(jars::add);
        }
        return jars;
    }
}
