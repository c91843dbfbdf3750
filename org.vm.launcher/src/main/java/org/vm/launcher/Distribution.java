package org.vm.launcher;

import java.io.IOException;
import java.io.Reader;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * The folder that a user gets: {@code launcher/}, {@code system/<start level>/*.jar}, {@code plugins/}, {@code conf/}.
 *
 * @param home absolute
 */
record Distribution(Path home) {
    /** Bundles that only an interactive container starts have this name in place of a number above all others. */
    private static final String INTERACTIVE = "interactive";

    /** A bundle of the distribution and the level in which it starts. */
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
    List<SystemBundle> bundles(boolean interactive) throws IOException {
        List<SystemBundle> bundles = new ArrayList<>();
        for (Path folder : list(system(), Files::isDirectory)) {
            int level = level(folder.getFileName().toString());
            if (level < Integer.MAX_VALUE || interactive) {
                for (Path jar : list(folder, file -> file.toString().endsWith(".jar"))) {
                    bundles.add(new SystemBundle(jar, level));
                }
            }
        }
        int highest = bundles.stream().mapToInt(SystemBundle::level).filter(level -> level < Integer.MAX_VALUE).max()
                .orElse(1);
        bundles.replaceAll(b -> b.level < Integer.MAX_VALUE ? b : new SystemBundle(b.file, highest + 1));
        bundles.sort((a, b) -> a.level != b.level ? Integer.compare(a.level, b.level) : a.file.compareTo(b.file));
        return bundles;
    }

    private int level(String folder) throws IOException {
        if (folder.equals(INTERACTIVE)) {
            return Integer.MAX_VALUE;
        }
        if (!folder.matches("[1-9][0-9]?")) {
            throw new IOException("folder " + system().resolve(folder) + " must be a start level from 1 to 99, or \""
                    + INTERACTIVE + "\"");
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
    Map<String, String> properties(Path work, boolean interactive) throws IOException {
        Map<String, String> variables = Map.of("home", home.toString(), "conf", conf().toString(),
                "plugins", plugins().toString(), "work", work.toString());
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
        properties.put("vm.interactive", Boolean.toString(interactive));
        return properties;
    }
}
