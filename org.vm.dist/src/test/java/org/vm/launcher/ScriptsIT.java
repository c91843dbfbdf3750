package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code mvnw} and {@code vmm} on machines that lack things. */
@DisabledOnOs(OS.WINDOWS)
class ScriptsIT {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
    private static final String VERSION = "9.9.9";

    @TempDir Path scratch;
    private Path project;
    private Path tools;
    private Path repository;

    private record Answer(int status, String text) {}

    @BeforeEach
    void copyScripts() throws Exception {
        project = Files.createDirectories(scratch.resolve("pro ject"));
        Files.createDirectories(project.resolve(".mvn/wrapper"));
        for (String name : List.of("mvnw", "vmm", ".mvn/jdk.sh")) {
            Files.copy(CHECKOUT.resolve(name), project.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
        }
        // A folder of programs without java and mvn.
        tools = Files.createDirectories(scratch.resolve("tools"));
        for (String tool : List.of("sh", "sed", "tr", "head", "mkdir", "mktemp", "rm", "mv", "tar", "gzip", "dirname", "cat",
                "readlink", "find", "curl", "wget", "sha512sum", "shasum", "perl")) {
            for (String folder : List.of("/usr/bin", "/bin")) {
                Path program = Path.of(folder, tool);
                if (Files.isExecutable(program) && !Files.exists(tools.resolve(tool))) {
                    script(tools.resolve(tool), "exec " + program + " \"$@\"");
                }
            }
        }
        repository = Files.createDirectories(scratch.resolve("repository"));
        Path folder = Files.createDirectories(repository.resolve("org/apache/maven/apache-maven/" + VERSION));
        Path content = Files.createDirectories(scratch.resolve("content/apache-maven-" + VERSION + "/bin"));
        script(content.resolve("mvn"), "echo \"fetched maven: $*, $JAVA_HOME\"");
        Path archive = folder.resolve("apache-maven-" + VERSION + "-bin.tar.gz");
        assertEquals(0, run(Map.of("PATH", System.getenv("PATH")), "tar", "-czf", archive.toString(), "-C",
                scratch.resolve("content").toString(), "apache-maven-" + VERSION).status);
        checksum(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-512").digest(Files.readAllBytes(archive))));
    }

    private void checksum(String sha512) throws IOException {
        Files.writeString(project.resolve(".mvn/wrapper/maven.properties"),
                "maven_version=" + VERSION + "\nmaven_sha512=" + sha512 + "\n");
    }

    private static void script(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Answer run(Map<String, String> environment, String... command) throws Exception {
        Path out = scratch.resolve("out");
        ProcessBuilder builder = new ProcessBuilder(command).directory(project.toFile()).redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().clear();
        builder.environment().put("HOME", scratch.resolve("home").toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), String.join(" ", command) + " does not end");
        return new Answer(process.exitValue(), Files.readString(out));
    }

    private Answer mvnw(String... environment) throws Exception {
        Map<String, String> variables = new HashMap<>(Map.of("PATH", tools.toString(), "JAVA_HOME", javaHome()));
        for (int i = 0; i < environment.length; i += 2) {
            variables.put(environment[i], environment[i + 1]);
        }
        return run(variables, "/bin/sh", project.resolve("mvnw").toString(), "-v");
    }

    private static String javaHome() {
        return System.getProperty("java.home");
    }

    @Test
    void anInstalledMavenIsTakenIfItIsNewEnough() throws Exception {
        script(tools.resolve("mvn"), "echo 'Apache Maven 3.8.7'");
        assertEquals(new Answer(0, "Apache Maven 3.8.7\n"), mvnw());
        script(tools.resolve("mvn"), "echo 'Apache Maven 3.6.3'");
        Answer old = mvnw();
        assertEquals(1, old.status);
        assertTrue(old.text.contains("MVNW_REPOURL"), old.text);
    }

    @Test
    void mavenIsFetchedOnceAndVerified() throws Exception {
        Answer first = mvnw("MVNW_REPOURL", repository.toUri().toString());
        assertEquals(new Answer(0, "mvnw: fetching Maven " + VERSION + "\nfetched maven: -v, " + javaHome() + "\n"), first);
        assertEquals(new Answer(0, "fetched maven: -v, " + javaHome() + "\n"), mvnw());
    }

    @Test
    void theMirrorInTheUsersSettingsIsARepository() throws Exception {
        Path settings = Files.createDirectories(scratch.resolve("home/.m2")).resolve("settings.xml");
        Files.writeString(settings, "<settings>\n<mirrors>\n <mirror>\n  <id>m</id>\n  <url>" + repository.toUri()
                + "</url>\n </mirror>\n</mirrors>\n</settings>\n");
        assertTrue(mvnw().text.contains("fetched maven"));
    }

    @Test
    void anotherFileThanTheExpectedOneIsNotRun() throws Exception {
        checksum("0".repeat(128));
        Answer answer = mvnw("MVNW_REPOURL", repository.toUri().toString());
        assertEquals(1, answer.status);
        assertTrue(answer.text.contains("is not what it must be"), answer.text);
        assertFalse(answer.text.contains("fetched maven"), answer.text);
    }

    @Test
    void theJdkIsFoundBehindAnOlderOne() throws Exception {
        Path old = jdk(scratch.resolve("old"), "17.0.1");
        Path good = jdk(scratch.resolve("home/.jdks/some"), "99.0.1");
        Answer answer = run(Map.of("PATH", old.resolve("bin") + ":" + tools, "JAVA_HOME", old.toString()), "/bin/sh", "-c",
                ". ./.mvn/jdk.sh; find_jdk; echo \"$(jdk_version_of \"$JDK\")\"");
        assertEquals(0, answer.status);
        // This machine's own JDK may be found before the one made here.
        assertTrue(Integer.parseInt(answer.text.strip()) >= 25, answer.text);
        Answer named = run(Map.of("PATH", good.resolve("bin") + ":" + tools, "JAVA_HOME", old.toString()), "/bin/sh", "-c",
                ". ./.mvn/jdk.sh; find_jdk; echo \"$JDK\"");
        assertEquals(new Answer(0, good.toRealPath() + "\n"), named);
    }

    private static Path jdk(Path home, String version) throws IOException {
        Files.createDirectories(home.resolve("bin"));
        script(home.resolve("bin/java"), "exit 1");
        script(home.resolve("bin/javac"), "exit 1");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        return home;
    }
}
