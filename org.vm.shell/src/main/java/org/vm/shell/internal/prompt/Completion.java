package org.vm.shell.internal.prompt;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.command.Bundles;
import org.vm.shell.internal.command.Catalog;
import org.vm.shell.internal.command.Shell;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** What a word of a command line can be completed to, from the names that its arguments have in the help. */
public final class Completion {
    private final Shell shell;

    public Completion(Shell shell) {
        this.shell = shell;
    }

    /**
     * @param words    of the command, the name first
     * @param index    the word to complete
     * @param commands other commands of the container, {@code scope:name}
     */
    public Collection<String> candidates(List<String> words, int index, Set<String> commands) {
        if (index == 0) {
            return Stream.concat(Stream.concat(Catalog.names().stream(), Stream.of("exit")),
                    commands.stream().filter(name -> !name.startsWith("vm:"))).toList();
        }
        String name = words.getFirst().replaceFirst("^vm:", "");
        if (!Catalog.names().contains(name)) {
            return List.of();
        }
        CommandSpec spec = new CommandLine(Catalog.command(name, shell)).getCommandSpec();
        if (words.get(index).startsWith("-")) {
            return spec.options().stream().map(OptionSpec::longestName).toList();
        }
        OptionSpec before = spec.optionsMap().get(words.get(index - 1));
        if (index > 1 && before != null && before.arity().max() > 0) {
            return values(before, positional(words.subList(1, index - 1), spec).stream().findFirst().orElse(null));
        }
        List<String> positional = positional(words.subList(1, index), spec);
        return spec.positionalParameters().stream().filter(p -> p.index().contains(positional.size())).findFirst()
                .map(p -> values(p, positional.isEmpty() ? null : positional.getFirst())).orElse(List.of());
    }

    /** Whether the word is the name of a file. */
    public boolean wantsFile(List<String> words, int index) {
        if (index < 2 || !Catalog.names().contains(words.getFirst().replaceFirst("^vm:", ""))) {
            return false;
        }
        CommandSpec spec = new CommandLine(Catalog.command(words.getFirst().replaceFirst("^vm:", ""), shell)).getCommandSpec();
        OptionSpec before = spec.optionsMap().get(words.get(index - 1));
        if (before != null && before.arity().max() > 0) {
            return before.paramLabel().equals("FILE");
        }
        int position = positional(words.subList(1, index), spec).size();
        return spec.positionalParameters().stream().anyMatch(p -> p.index().contains(position) && p.paramLabel().equals("FILE"));
    }

    private static List<String> positional(List<String> words, CommandSpec spec) {
        List<String> positional = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            OptionSpec option = spec.optionsMap().get(words.get(i));
            if (option != null) {
                i += option.arity().max();
            } else {
                positional.add(words.get(i));
            }
        }
        return positional;
    }

    private Collection<String> values(ArgSpec argument, String machine) {
        return switch (argument.paramLabel()) {
            case "MACHINE" -> shell.manager().machines().stream().map(Machine::name).toList();
            case "DEVICE" -> shell.manager().find(machine).stream().flatMap(shell::deviceNames).toList();
            case "SLOT" -> shell.manager().find(machine).flatMap(m -> m.devices().hotplug()).stream()
                    .flatMap(manager -> manager.slots().stream()).map(SlotInfo::name).toList();
            case "KIND" -> shell.manager().deviceKinds();
            case "CONSOLE" -> shell.consoles().of(machine).stream().map(c -> c.name()).toList();
            case "GUEST" -> Stream.concat(Stream.of("builtin"), shell.guests().get().entries().stream().map(e -> e.name()))
                    .toList();
            case "BUNDLE" -> shell.services().find(Bundles.class).map(Bundles::names).orElse(List.of());
            case "COMMAND" -> Catalog.names();
            case "NAME" -> argument instanceof PositionalParamSpec p && p.arity().min() == 0
                    ? shell.manager().machines().stream().map(Machine::name).toList() : List.of();
            default -> List.of();
        };
    }
}
