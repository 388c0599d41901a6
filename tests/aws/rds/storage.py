"""Which storage an instance may have: types, sizes, IOPS."""

from errors import AwsError

# type -> smallest and largest size in GiB, for engine postgres
SIZES = {
    "gp2": (20, 65536),
    "gp3": (20, 65536),
    "io1": (100, 65536),
    "io2": (100, 65536),
    "standard": (5, 3072),
}
PROVISIONED = ("io1", "io2")
# From here on gp3 volumes are striped; below, their IOPS and throughput cannot be chosen.
GP3_THRESHOLD, GP3_BASELINE = 400, 12000


def of_restore(facts, source, params):
    """Storage of a restored instance: `facts` changed in place, the source's facts given."""
    iops, kind = params.get("Iops"), params.get("StorageType")
    facts["StorageType"] = kind or ("io1" if iops else "gp3")
    facts["Iops"] = source.get("Iops") if iops is None else iops
    if facts["StorageType"] not in PROVISIONED and iops is None:
        facts["Iops"] = None
    wanted, had = params.get("AllocatedStorage"), source["AllocatedStorage"]
    if wanted is not None and wanted < had:
        raise AwsError(
            "InvalidParameterValue",
            f"The allocated storage of {wanted} GiB is smaller than the snapshot's, {had} GiB.",
        )
    if wanted is not None and had < wanted and wanted * 10 < had * 11:
        raise AwsError(
            "InvalidParameterValue",
            f"The allocated storage has to be at least 10 percent more than {had} GiB.",
        )


def check(facts, given):
    """Refuse what the service refuses; `given` are the parameters of the request."""
    if facts["Engine"] != "postgres":
        return
    kind, size, iops = facts["StorageType"], facts["AllocatedStorage"], facts.get("Iops")
    if kind not in SIZES:
        raise AwsError("InvalidParameterValue", f"Invalid storage type: {kind}")
    smallest, largest = SIZES[kind]
    shown = f"for engine name postgres and storage type {kind}"
    if not smallest <= size <= largest:
        raise AwsError("InvalidParameterValue", f"Invalid storage size {shown}: {size}")
    if kind in PROVISIONED:
        if not iops:
            raise AwsError("InvalidParameterCombination", f"Iops are required {shown}.")
        ratio = iops / size
        if iops < 1000 or not 0.5 <= ratio <= 50:
            raise AwsError(
                "InvalidParameterCombination",
                f"Invalid iops to storage (GB) ratio {shown}: {ratio:.4f}",
            )
    elif kind == "gp3":
        if (given.get("Iops") or given.get("StorageThroughput")) and size < GP3_THRESHOLD:
            raise AwsError(
                "InvalidParameterCombination",
                "You can't specify IOPS or storage throughput for engine postgres and a storage size"
                f" less than {GP3_THRESHOLD}.",
            )
        if given.get("Iops") and given["Iops"] < GP3_BASELINE:
            raise AwsError("InvalidParameterCombination", f"Invalid iops {shown}: {given['Iops']}")
    elif given.get("Iops"):
        raise AwsError("InvalidParameterCombination", f"Iops cannot be specified {shown}.")
