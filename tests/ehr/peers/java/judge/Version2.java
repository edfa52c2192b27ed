import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.model.Group;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.parser.DefaultModelClassFactory;
import ca.uhn.hl7v2.parser.UnexpectedSegmentBehaviourEnum;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * HAPI's model of HL7 v2.5.1 as a judge: types of values, segments in their places, what must be there.
 *
 * <p>HAPI parses leniently, so that its tables of required segments and fields are walked here.
 */
final class Version2 {
    private static final HapiContext CONTEXT = context();

    private Version2() {}

    private static HapiContext context() {
        HapiContext context = new DefaultHapiContext(new DefaultModelClassFactory());
        context.setValidationContext(ValidationContextFactory.defaultValidation());
        context.getParserConfiguration()
                .setUnexpectedSegmentBehaviour(UnexpectedSegmentBehaviourEnum.THROW_HL7_EXCEPTION);
        return context;
    }

    static List<String> complaints(String text) {
        List<String> found = new ArrayList<>();
        try {
            Message message = CONTEXT.getPipeParser().parse(text);
            if (!message.getVersion().equals("2.5.1")) {
                return List.of("error: no model of version " + message.getVersion() + " here");
            }
            walk(message, found);
        } catch (HL7Exception error) {
            found.add("error: " + error.getMessage());
        }
        return found;
    }

    private static void walk(Group group, List<String> found) throws HL7Exception {
        for (String name : group.getNames()) {
            List<Structure> present = new ArrayList<>();
            for (Structure each : group.getAll(name)) {
                if (!each.isEmpty()) {
                    present.add(each);
                }
            }
            if (present.isEmpty() && group.isRequired(name)) {
                found.add("error: " + group.getName() + ": required " + name + " is missing");
            }
            for (Structure each : present) {
                if (each instanceof Group inner) {
                    walk(inner, found);
                } else {
                    look((Segment) each, found);
                }
            }
        }
    }

    private static void look(Segment segment, List<String> found) throws HL7Exception {
        for (int number = 1; number <= segment.numFields(); number++) {
            String name = segment.getName() + "-" + number;
            int count = segment.getField(number).length;
            boolean isEmpty = count == 0 || segment.getField(number, 0).isEmpty();
            if (isEmpty && segment.isRequired(number)) {
                found.add("error: " + name + ": required and missing");
            }
            int most = segment.getMaxCardinality(number);
            if (most > 0 && count > most) {
                found.add("error: " + name + ": " + count + " repetitions, at most " + most);
            }
        }
    }
}
