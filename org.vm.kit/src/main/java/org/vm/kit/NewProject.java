package org.vm.kit;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/** Makes a plugin's project from its kind's template: names are replaced, nothing else. */
final class NewProject {
    private final Kind kind;
    private final ProjectName name;
    private final Properties versions;

    NewProject(Kind kind, ProjectName name) throws IOException {
        this.kind = kind;
        this.name = name;
        versions = new Properties();
        try (InputStream in = NewProject.class.getResourceAsStream("versions.properties")) {
            versions.load(in);
        }
    }

    /** @return the project's folder, which was not there before */
    Path in(Path parent) throws IOException {
        Path folder = parent.resolve(name.text());
        if (Files.exists(folder)) {
            throw new KitException("there is a folder " + folder + " already; choose another name, or move it away");
        }
        Map<String, Path> files = files(folder);
        for (Map.Entry<String, Path> each : files.entrySet()) {
            Path file = each.getValue();
            Files.createDirectories(file.getParent());
            Files.writeString(file, named(template(each.getKey())));
        }
        return folder;
    }

    /** From the template's file to the project's. */
    private Map<String, Path> files(Path folder) {
        Map<String, Path> files = new LinkedHashMap<>();
        String packages = name.packageName().replace('.', '/');
        files.put("common/pom.xml", folder.resolve("pom.xml"));
        files.put("common/gitignore", folder.resolve(".gitignore"));
        files.put(kind.folder + "/README.md", folder.resolve("README.md"));
        for (String source : kind.sources()) {
            files.put(kind.folder + "/" + source, folder.resolve("src/main/java").resolve(packages).resolve(named(source)));
        }
        files.put(kind.folder + "/" + kind.word + "Test.java",
                folder.resolve("src/test/java").resolve(packages).resolve(name.className() + "Test.java"));
        files.put(kind.folder + "/guest.c", folder.resolve("guest").resolve(name.text() + ".c"));
        if (kind != Kind.INSTRUCTIONS) {
            files.put(kind.folder + "/guest.sh", folder.resolve("guest").resolve(name.text() + ".sh"));
            files.put(kind.folder + "/plugin.cfg",
                    folder.resolve("plugins").resolve(name.packageName() + "~" + name.text() + ".cfg"));
        }
        return files;
    }

    private static String template(String file) throws IOException {
        try (InputStream in = NewProject.class.getResourceAsStream("/template/" + file)) {
            if (in == null) {
                throw new IOException("the kit lacks its template " + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String named(String text) {
        String plain = name.text().replace("-", "");
        return text.replace("template." + kind.folder, name.packageName())
                .replace(kind.word, name.className())
                .replace(kind.projectName(), name.text())
                .replace("my-plugin", name.text())
                .replace("x" + kind.projectName().replace("-", ""), "x" + plain)
                .replace("@vm.version@", versions.getProperty("vm"))
                .replace("@bnd.version@", versions.getProperty("bnd"))
                .replace("@junit.version@", versions.getProperty("junit"));
    }
}
