package org.vm.bench.guest;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A program of {@code bench/guest}.
 *
 * @param name   on the command line and in the table
 * @param binary name of the C source without its ending, and of the program in the guest
 * @param script that the program runs in each round
 * @param child  name of the C source of what the script starts, which is linked as a distribution's programs are
 * @param vcpus  of the machine that it runs in
 */
record Program(String name, Group group, String binary, Optional<String> script, Optional<String> child,
        int vcpus) {
    /** The row that is no program: starting Linux. */
    static final String BOOT = "boot";

    static final List<Program> ALL = List.of(
            compiled("mix", Group.INTEGER),
            compiled("sha256", Group.INTEGER),
            compiled("lz77", Group.INTEGER),
            compiled("sort", Group.INTEGER),
            compiled("bigint", Group.INTEGER),
            compiled("nbody", Group.FLOAT),
            compiled("matmul", Group.FLOAT),
            compiled("mandelbrot", Group.FLOAT),
            compiled("fft", Group.FLOAT),
            compiled("bytecode", Group.JUMP),
            compiled("threaded", Group.JUMP),
            scripted("awk", Group.JUMP),
            compiled("getppid", Group.SYSTEM),
            compiled("forkexec", Group.SYSTEM),
            compiled("pipe", Group.SYSTEM),
            compiled("pagefault", Group.SYSTEM),
            scripted("targz", Group.SYSTEM),
            new Program("processes", Group.PROCESS, "script", Optional.of("processes.sh"), Optional.of("mix"), 1),
            parallel(1),
            parallel(2));

    private static Program compiled(String name, Group group) {
        return new Program(name, group, name, Optional.empty(), Optional.empty(), 1);
    }

    private static Program scripted(String name, Group group) {
        return new Program(name, group, "script", Optional.of(name + ".sh"), Optional.empty(), 1);
    }

    private static Program parallel(int vcpus) {
        return new Program("parallel-" + vcpus, Group.PARALLEL, "parallel", Optional.empty(), Optional.empty(), vcpus);
    }

    /** What the guest's shell is told. */
    String command(int rounds) {
        return Overlay.FOLDER + "/" + binary + " " + rounds
                + script.map(file -> " " + Overlay.FOLDER + "/" + file).orElse("");
    }

    /** What {@code words} name: programs, groups, or {@value #BOOT}; everything if there are none. */
    static Set<String> select(List<String> words) {
        Set<String> chosen = new LinkedHashSet<>();
        List<String> unknown = new ArrayList<>();
        for (String word : words.isEmpty() ? everything() : words) {
            List<String> found = Stream.concat(Stream.of(BOOT).filter(word::equals), ALL.stream()
                    .filter(p -> p.name.equals(word) || p.binary.equals(word) || p.group.word().equals(word))
                    .map(Program::name)).toList();
            chosen.addAll(found);
            if (found.isEmpty()) {
                unknown.add(word);
            }
        }
        if (!unknown.isEmpty()) {
            throw new BenchException("there is no benchmark " + String.join(", ", unknown) + "; there are: "
                    + String.join(", ", everything()) + "; and the groups "
                    + String.join(", ", Stream.of(Group.values()).map(Group::word).toList()));
        }
        return chosen;
    }

    private static List<String> everything() {
        return Stream.concat(Stream.of(BOOT), ALL.stream().map(Program::name)).toList();
    }
}
