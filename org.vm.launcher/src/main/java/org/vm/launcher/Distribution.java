package org.vm.launcher;

import java.io.IOException;
import java.io.Reader;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * The folder that a user gets: {@code launcher/}, {@code system/<start level>/*.jar}, {@code plugins/}, {@code conf/}.
 * Bundles in {@code system/library/} are installed and never started: others use their packages.
 *
 * @param home absolute
 */
record Distribution(Path home) {
    private static final String LIBRARY = "library";

    /** A bundle of the distribution and the level in which it starts; level 0: it is never started. */
    record SystemBundle(Path file, int level) {}

    static Distribution ofThisProgram() throws IOException {
        String home = System.getProperty("vmm.home");
        if (home != null) {
            return of(Path.of(home));
        }
        try {
            return of(Launcher.home(Path.of(Launcher.class.getProtectionDomain().getCodeSource().getLocation().toURI())));
        } catch (URISyntaxException e) {
            throw new IOException("the launcher's own place has no path", e);
        }
    }

    static Distribution of(Path home) throws IOException {
        Distribution distribution = new Distribution(home.toAbsolutePath().normalize());
        if (!Files.isDirectory(distribution.system())) {
            throw new IOException("there is no distribution in " + distribution.home() + ": it has no folder system/");
        }
        return distribution;
    }

    Path system() {
        return home.resolve("system");
    }

    Path plugins() {
        return home.resolve("plugins");
    }

    Path conf() {
        return home.resolve("conf");
    }

    /** The bundles in the order of their levels and names. */
    List<SystemBundle> bundles() throws IOException {
        List<SystemBundle> bundles = new ArrayList<>();
        for (Path folder : list(system(), Files::isDirectory)) {
            int level = level(folder.getFileName().toString());
            for (Path jar : list(folder, file -> file.toString().endsWith(".jar"))) {
                bundles.add(new SystemBundle(jar, level));
            }
        }
        bundles.sort(Comparator.comparingInt(SystemBundle::level).thenComparing(SystemBundle::file));
        return bundles;
    }

    private int level(String folder) throws IOException {
        if (folder.equals(LIBRARY)) {
            return 0;
        }
        if (!folder.matches("[1-9][0-9]?")) {
            throw new IOException("folder " + system().resolve(folder) + " must be a start level from 1 to 99, or \""
                    + LIBRARY + "\"");
        }
        return Integer.parseInt(folder);
    }

    private interface Test {
        boolean accepts(Path path);
    }

    private static List<Path> list(Path folder, Test test) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(test::accepts).sorted().toList();
        }
    }

    /** Framework properties: the file in {@code conf/}, in which {@code ${name}} stands for the folders. */
    Map<String, String> properties(Path work, Path cache) throws IOException {
        Map<String, String> variables = Map.of("home", home.toString(), "conf", conf().toString(),
                "plugins", plugins().toString(), "work", work.toString(),
                "cache", cache.toString());
        Properties file = new Properties();
        Path path = conf().resolve("framework.properties");
        try (Reader in = Files.newBufferedReader(path)) {
            file.load(in);
        }
        Map<String, String> properties = new HashMap<>();
        for (String name : file.stringPropertyNames()) {
            String value = file.getProperty(name);
            for (Map.Entry<String, String> variable : variables.entrySet()) {
                value = value.replace("${" + variable.getKey() + "}", variable.getValue());
            }
            properties.put(name, value);
        }
        properties.put("org.osgi.framework.storage", work.resolve("bundles").toString());
        properties.put("org.osgi.framework.storage.clean", "onFirstInit");
        return properties;
    }
}
