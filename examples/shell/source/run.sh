#!/bin/sh
# Mean and standard error of a file of samples, in blocks, with a checkpoint after each: a job without Python.
set -eu

# A flat map of texts is all that a job's hyperparameters can be.
hyperparameter() {
    value=$(sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$AMZN_BRAKET_HP_FILE" | head -n 1)
    printf '%s\n' "${value:-$2}"
}

samples=$AMZN_BRAKET_INPUT_DIR/samples/samples.csv
checkpoint=$AMZN_BRAKET_CHECKPOINT_DIR/$AMZN_BRAKET_JOB_NAME.txt
result=$AMZN_BRAKET_JOB_RESULTS_DIR/results.json
block=$(hyperparameter block 250)
column=$(hyperparameter column 1)

# Lines done, sum, sum of squares.
resumed=0 sum=0 squares=0
if [ -s "$checkpoint" ]; then
    read -r resumed sum squares <"$checkpoint"
    echo "resumed from line $resumed"
fi

lines=$(wc -l <"$samples")
position=$resumed
while [ "$position" -lt "$lines" ]; do
    # Word splitting is meant: two numbers.
    # shellcheck disable=SC2046
    set -- $(tail -n "+$((position + 1))" "$samples" | head -n "$block" | awk -F, -v column="$column" \
        -v sum="$sum" -v squares="$squares" \
        '{ sum += $column; squares += $column ^ 2 } END { printf "%.17g %.17g", sum, squares }')
    sum=$1 squares=$2
    position=$((position + block < lines ? position + block : lines))
    # Renamed into place: a copy made at any moment is a whole one.
    echo "$position $sum $squares" >"$checkpoint.tmp"
    mv "$checkpoint.tmp" "$checkpoint"
    echo "Metrics - timestamp=$(date +%s); mean=$(awk "BEGIN { print $sum / $position }"); iteration_number=$position;"
done

# In the form that the SDK's result() reads.
awk -v n="$position" -v sum="$sum" -v squares="$squares" -v resumed="$resumed" 'BEGIN {
    mean = sum / n
    error = sqrt((squares / n - mean ^ 2) / (n - 1))
    printf "{\"braketSchemaHeader\": {\"name\": \"braket.jobs_data.persisted_job_data\", \"version\": \"1\"}, "
    printf "\"dataDictionary\": {\"samples\": %d, \"mean\": %.9g, \"standard_error\": %.9g, ", n, mean, error
    printf "\"resumed_from_line\": %d}, \"dataFormat\": \"plaintext\"}\n", resumed
}' >"$result"
cat "$result"
