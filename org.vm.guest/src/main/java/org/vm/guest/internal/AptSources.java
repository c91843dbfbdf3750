package org.vm.guest.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.vm.api.VmException;

/** Finds the Debian mirror that the host itself uses, in both formats of sources.list(5). */
final class AptSources {
    private final Path etcApt;

    /** @param etcApt the host's folder {@code /etc/apt} */
    AptSources(Path etcApt) {
        this.etcApt = etcApt;
    }

    /** One archive that the host uses. */
    private record Source(String uri, String suite, String signedBy) {
        boolean isDebian() {
            boolean fetched = uri.startsWith("http://") || uri.startsWith("https://");
            boolean main = uri.matches(".*/debian/?");
            boolean debianKeys = signedBy.contains("debian-archive") && !uri.contains("debian-security")
                    && !suite.endsWith("-security");
            return fetched && (main || debianKeys);
        }
    }

    Optional<String> debianMirror() {
        return sources().stream().filter(Source::isDebian).map(Source::uri).findFirst();
    }

    private List<Source> sources() {
        List<Source> sources = new ArrayList<>();
        for (Path file : files()) {
            String text;
            try {
                text = Files.readString(file);
            } catch (IOException e) {
                throw new VmException("cannot read apt's sources in " + file + ": " + e.getMessage(), e);
            }
            if (file.toString().endsWith(".sources")) {
                deb822(text, sources);
            } else {
                oneLine(text, sources);
            }
        }
        return sources;
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>();
        Path list = etcApt.resolve("sources.list");
        if (Files.isReadable(list)) {
            files.add(list);
        }
        Path parts = etcApt.resolve("sources.list.d");
        if (Files.isDirectory(parts)) {
            try (Stream<Path> entries = Files.list(parts)) {
                entries.filter(f -> f.toString().endsWith(".list") || f.toString().endsWith(".sources"))
                        .filter(Files::isReadable).sorted().forEach(files::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }

    private static void deb822(String text, List<Source> into) {
        for (Map<String, String> stanza : Stanzas.parse(text)) {
            boolean enabled = !stanza.getOrDefault("enabled", "yes").toLowerCase(Locale.ROOT).matches("no|false|0");
            List<String> types = List.of(stanza.getOrDefault("types", "").split("\\s+"));
            if (!enabled || !types.contains("deb")) {
                continue;
            }
            for (String uri : stanza.getOrDefault("uris", "").strip().split("\\s+")) {
                String suite = stanza.getOrDefault("suites", "").strip().split("\\s+")[0];
                into.add(new Source(uri, suite, stanza.getOrDefault("signed-by", "")));
            }
        }
    }

    /** {@code deb [ option=value … ] uri suite components…} */
    private static void oneLine(String text, List<Source> into) {
        for (String line : text.lines().map(String::strip).toList()) {
            if (!line.startsWith("deb ") && !line.startsWith("deb\t")) {
                continue;
            }
            String rest = line.substring(4).strip();
            String options = "";
            if (rest.startsWith("[") && rest.indexOf(']') > 0) {
                options = rest.substring(1, rest.indexOf(']'));
                rest = rest.substring(rest.indexOf(']') + 1).strip();
            }
            String[] words = rest.split("\\s+");
            if (words.length >= 2) {
                into.add(new Source(words[0], words[1], options));
            }
        }
    }
}
