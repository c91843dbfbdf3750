package org.vm.machine.internal;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.service.cm.Configuration;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;
import org.vm.api.machine.DeviceManager;
import org.vm.api.machine.Machine;
import org.vm.api.replace.Replacement;

/** Why a machine or a device is not there or does not run: a tree of reasons in words, one line each. */
public final class Explanation {
    private final DeviceConfigurations configurations;
    private final ServiceComponentRuntime components;
    private final Function<String, Optional<Machine>> machines;
    private final Bundle[] bundles;
    private final List<Replacement> replacements;
    private final StringBuilder text = new StringBuilder();
    /** Components that were explained: two that wait for each other must not go on for ever. */
    private final Set<String> explained = new HashSet<>();

    Explanation(DeviceConfigurations configurations, ServiceComponentRuntime components,
            Function<String, Optional<Machine>> machines, Bundle[] bundles, List<Replacement> replacements) {
        this.bundles = bundles;
        this.replacements = replacements;
        this.configurations = configurations;
        this.components = components;
        this.machines = machines;
    }

    /** @param late sentences about what holds everything up */
    String of(String name, List<String> late) {
        late.forEach(sentence -> line(0, "%s", sentence));
        if (name.isEmpty()) {
            return text.toString();
        }
        machines.apply(name).ifPresentOrElse(this::machine, () -> absent(name));
        return text.toString();
    }

    private void line(int depth, String format, Object... values) {
        text.repeat("  ", depth).append(format.formatted(values)).append('\n');
    }

    private void machine(Machine found) {
        line(0, "machine '%s' is %s%s", found.name(), found.state().name().toLowerCase(Locale.ROOT),
                found.reason().map(why -> ": " + why).orElse(""));
        line(1, "engine: %s", found.engine());
        List<String> missing = found.missing();
        if (missing.isEmpty()) {
            line(1, "nothing is missing");
        }
        missing.forEach(sentence -> line(1, "%s", sentence));
        found.warnings().forEach(sentence -> line(1, "%s", sentence));
        replacements(1, each -> each.devices().stream().anyMatch(device -> device.startsWith(found.name() + "/")));
        for (DeviceManager.Refusal refusal : found.devices().refusals()) {
            line(1, "device '%s' is refused: %s", refusal.device(), refusal.reason());
        }
        for (Configuration configuration : configurations.devices(found.name())) {
            String device = DeviceConfigurations.name(configuration);
            if (found.devices().find(device).isEmpty()
                    && found.devices().plugged().stream().noneMatch(p -> p.device().name().equals(device))
                    && found.devices().refusals().stream().noneMatch(r -> r.device().equals(device))) {
                configuration(1, configuration);
            }
        }
    }

    private void absent(String name) {
        boolean any = false;
        for (Configuration configuration : configurations.all()) {
            if (configuration.getFactoryPid() != null && DeviceConfigurations.name(configuration).equals(name)) {
                any = true;
                configuration(0, configuration);
            }
        }
        for (Bundle bundle : bundles) {
            if (name.equals(bundle.getSymbolicName())) {
                any = true;
                bundle(0, bundle);
            }
        }
        replacements(1, each -> each.bundle().equals(name) || each.devices().stream().anyMatch(device -> device.endsWith("/" + name)));
        if (!any) {
            line(0, "there is no machine or device '%s', and no configuration of that name", name);
        }
    }

    /** What became of the latest replacement of each bundle, if it is not simply over. */
    private void replacements(int depth, Predicate<Replacement> which) {
        Map<String, Replacement> latest = new LinkedHashMap<>();
        replacements.stream().filter(which).forEach(each -> latest.put(each.bundle(), each));
        for (Replacement each : latest.values()) {
            switch (each.outcome()) {
                case ON_TRIAL -> line(depth, "bundle '%s' is on trial with version %s, instead of %s", each.bundle(), each.to(), each.from());
                case ROLLED_BACK, LOST -> line(depth, "%s", each.detail());
                case DONE -> { }
            }
        }
    }

    /** Why nothing came of a configuration, or what did. */
    private void configuration(int depth, Configuration configuration) {
        String pid = configuration.getFactoryPid();
        String owner = DeviceConfigurations.text(configuration, "vm");
        line(depth, "'%s' (configuration %s%s)", DeviceConfigurations.name(configuration), configuration.getPid(),
                owner == null ? "" : ", for machine '" + owner + "'");
        List<ComponentDescriptionDTO> makers = components.getComponentDescriptionDTOs().stream()
                .filter(d -> Arrays.asList(d.configurationPid).contains(DeviceConfigurations.plain(pid)))
                .filter(d -> DeviceKinds.meant(pid, d.bundle)).toList();
        if (makers.stream().map(d -> d.bundle.id).distinct().count() > 1) {
            line(depth + 1, "it is meant for no one bundle, and several make it; add it as one of: %s",
                    String.join(", ", new DeviceKinds(makers).names()));
        }
        if (makers.isEmpty()) {
            line(depth + 1, "no installed and active bundle makes '%s': install or start one that does",
                    DeviceConfigurations.shortName(pid));
            // Their own code has not been seen, so it is not known which of them it would be.
            Arrays.stream(bundles).filter(Explanation::idle).forEach(bundle -> bundle(depth + 1, bundle));
        }
        for (ComponentDescriptionDTO maker : makers) {
            List<ComponentConfigurationDTO> made = components.getComponentConfigurationDTOs(maker).stream()
                    .filter(c -> configuration.getPid().equals(c.properties.get("service.pid"))).toList();
            if (made.isEmpty()) {
                line(depth + 1, components.isComponentEnabled(maker) ? "component %s has not seen the configuration yet"
                        : "component %s is disabled", maker.name);
            }
            made.forEach(c -> component(depth + 1, c));
        }
        if (owner != null) {
            place(depth + 1, owner, DeviceConfigurations.name(configuration));
        }
    }

    /** Whether it should run, and does not: fragments and libraries that nobody starts are not meant. */
    private static boolean idle(Bundle bundle) {
        return (bundle.getState() == Bundle.INSTALLED || bundle.getState() == Bundle.RESOLVED)
                && bundle.adapt(BundleStartLevel.class).isPersistentlyStarted();
    }

    /** What a bundle lacks to run. */
    private void bundle(int depth, Bundle bundle) {
        if (!idle(bundle)) {
            line(depth, "bundle '%s' %s", bundle.getSymbolicName(), bundle.getState() == Bundle.ACTIVE ? "runs" : "is not started");
            return;
        }
        try {
            bundle.start(Bundle.START_TRANSIENT);
            line(depth, "bundle '%s' did not run; it does now", bundle.getSymbolicName());
        } catch (BundleException | IllegalStateException e) {
            Throwable deepest = e;
            while (deepest.getCause() != null && deepest.getCause() != deepest) {
                deepest = deepest.getCause();
            }
            line(depth, "bundle '%s' does not run: %s", bundle.getSymbolicName(),
                    deepest instanceof BundleException ? lacking(deepest.getMessage()) : deepest.toString());
        }
    }

    /** The framework says what is missing, and then all of it once more. */
    private static String lacking(String message) {
        int again = message.indexOf(" Unresolved requirements:");
        return again < 0 ? message : message.substring(0, again);
    }

    /** Where a machine has a device, or why it does not want it. */
    private void place(int depth, String owner, String device) {
        Optional<Machine> found = machines.apply(owner);
        if (found.isEmpty()) {
            line(depth, "there is no machine '%s'", owner);
            return;
        }
        DeviceManager devices = found.get().devices();
        devices.find(device).ifPresent(attachment -> line(depth, "mapped at 0x%x, interrupt %d", attachment.base(),
                attachment.irq()));
        devices.plugged().stream().filter(plugged -> plugged.device().name().equals(device))
                .forEach(plugged -> line(depth, "plugged into %s", plugged.place()));
        devices.refusals().stream().filter(refusal -> refusal.device().equals(device))
                .forEach(refusal -> line(depth, "refused: %s", refusal.reason()));
    }

    private void component(int depth, ComponentConfigurationDTO component) {
        String name = component.description.name;
        switch (component.state) {
            case ComponentConfigurationDTO.ACTIVE, ComponentConfigurationDTO.SATISFIED -> {
                if (component.failure == null) {
                    line(depth, "component %s is there", name);
                }
            }
            case ComponentConfigurationDTO.UNSATISFIED_CONFIGURATION -> line(depth, "component %s has no configuration", name);
            case ComponentConfigurationDTO.UNSATISFIED_REFERENCE -> {
                line(depth, "component %s lacks:", name);
                for (UnsatisfiedReferenceDTO lacking : component.unsatisfiedReferences) {
                    reference(depth + 1, component.description, lacking);
                }
            }
            case ComponentConfigurationDTO.FAILED_ACTIVATION -> { }
            default -> line(depth, "component %s is in state %d", name, component.state);
        }
        if (component.failure != null) {
            line(depth, "component %s failed: %s", name, reason(component.failure));
        }
    }

    private void reference(int depth, ComponentDescriptionDTO component, UnsatisfiedReferenceDTO lacking) {
        ReferenceDTO reference = Arrays.stream(component.references).filter(r -> r.name.equals(lacking.name)).findFirst()
                .orElseThrow();
        String wanted = reference.interfaceName.substring(reference.interfaceName.lastIndexOf('.') + 1);
        line(depth, "a service %s%s", wanted, lacking.target == null ? "" : " that matches " + lacking.target);
        if (!explained.add(reference.interfaceName + lacking.target)) {
            return;
        }
        List<ComponentDescriptionDTO> providers = components.getComponentDescriptionDTOs().stream()
                .filter(d -> Arrays.asList(d.serviceInterfaces).contains(reference.interfaceName)).toList();
        if (providers.isEmpty()) {
            line(depth + 1, "no installed and active bundle provides one");
        }
        for (ComponentDescriptionDTO provider : providers) {
            List<ComponentConfigurationDTO> made = List.copyOf(components.getComponentConfigurationDTOs(provider));
            if (made.isEmpty()) {
                line(depth + 1, "component %s could provide one, but has no configuration", provider.name);
            }
            made.forEach(c -> component(depth + 1, c));
        }
    }

    /**
     * What a stack trace in text form, which is all that the component runtime keeps, has to say to a person: the
     * sentence of the deepest error of our own, which names the cause; else the deepest cause.
     */
    public static String reason(String failure) {
        String last = failure.lines().findFirst().orElse("");
        boolean ours = false;
        for (String traced : failure.lines().toList()) {
            if (traced.startsWith("Caused by: ")) {
                String cause = traced.substring("Caused by: ".length());
                if (cause.startsWith("org.vm.api.")) {
                    last = cause.substring(cause.indexOf(": ") + 2);
                    ours = true;
                } else if (!ours) {
                    last = cause;
                }
            }
        }
        return last;
    }
}
