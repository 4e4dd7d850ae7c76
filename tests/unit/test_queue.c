/* The block queue: what goes in comes out, a full queue refuses, kicks and deadlines wake.  A lost wake-up hangs and fails by timeout. */
#include <check.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "adc/queue.h"
#include "lib/check_main.h"

#define FAR INT64_MAX		/* a deadline that never comes */
#define SLOTS 4
#define SCANS 8
#define BLOCKS 20000

static void put(struct block_queue *queue, double value)
{
	struct adc_block *block = block_queue_reserve(queue);

	ck_assert_ptr_nonnull(block);
	block->n = SCANS;
	for (int c = 0; c < ADC_CHANNELS; c++)
		for (unsigned k = 0; k < SCANS; k++)
			block->scans[c][k] = value * ADC_CHANNELS + c;
	block_queue_commit(queue);
}

/* The value that put() gave, all samples compared. */
static double value_of(const struct adc_block *block)
{
	double value;

	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq(block->n, SCANS);
	value = block->scans[0][0] / ADC_CHANNELS;
	for (int c = 0; c < ADC_CHANNELS; c++)
		for (unsigned k = 0; k < SCANS; k++)
			ck_assert(block->scans[c][k] == value * ADC_CHANNELS + c);
	return value;
}

START_TEST(full_queue_refuses_and_takes_again_after_a_release)
{
	struct block_queue *queue = block_queue_new(SLOTS, SCANS);

	ck_assert_uint_eq(block_queue_scans(queue), SCANS);
	for (int k = 0; k < SLOTS; k++)
		put(queue, k);
	ck_assert_ptr_null(block_queue_reserve(queue));
	/* A block that the consumer still reads is not given out. */
	ck_assert(value_of(block_queue_wait(queue, FAR)) == 0);
	ck_assert_ptr_null(block_queue_reserve(queue));
	block_queue_release(queue);
	put(queue, SLOTS);
	for (int k = 1; k <= SLOTS; k++) {
		ck_assert(value_of(block_queue_wait(queue, FAR)) == k);
		block_queue_release(queue);
	}
	block_queue_free(queue);
}
END_TEST

START_TEST(reserved_block_is_cleared_but_for_the_arrays_it_was_given)
{
	struct block_queue *queue = block_queue_new(1, SCANS);
	struct adc_block *block = block_queue_reserve(queue);
	double others[SCANS], *own = block->scans[ADC_VA];

	ck_assert_ptr_nonnull(block->scans[ADC_IC]);
	block->lost = 7;
	block->restarted = true;
	block->clipped = 3;
	block_queue_commit(queue);
	block = block_queue_wait(queue, FAR);
	ck_assert_ptr_nonnull(block);
	block->scans[ADC_IC] = others;
	block_queue_release(queue);
	block = block_queue_reserve(queue);
	ck_assert_uint_eq(block->lost, 0);
	ck_assert(!block->restarted);
	ck_assert_uint_eq(block->clipped, 0);
	ck_assert_ptr_eq(block->scans[ADC_VA], own);
	ck_assert_ptr_eq(block->scans[ADC_IC], others);
	block_queue_free(queue);
}
END_TEST

START_TEST(past_deadline_gives_nothing_or_the_block_that_waits)
{
	struct block_queue *queue = block_queue_new(SLOTS, SCANS);

	ck_assert_ptr_null(block_queue_wait(queue, 0));
	put(queue, 1);
	ck_assert(value_of(block_queue_wait(queue, 0)) == 1);
	block_queue_free(queue);
}
END_TEST

START_TEST(kicks_before_a_wait_count_once_and_come_before_blocks)
{
	struct block_queue *queue = block_queue_new(SLOTS, SCANS);

	put(queue, 5);
	block_queue_kick(queue);
	block_queue_kick(queue);
	ck_assert_ptr_null(block_queue_wait(queue, FAR));
	ck_assert(value_of(block_queue_wait(queue, FAR)) == 5);
	block_queue_free(queue);
}
END_TEST

struct kicking {
	struct block_queue *queue;
	unsigned kicks;
};

static void *kick_all(void *argument)
{
	struct kicking *kicking = argument;

	for (unsigned k = 0; k < kicking->kicks; k++)
		block_queue_kick(kicking->queue);
	return NULL;
}

START_TEST(kick_from_another_thread_ends_a_wait_without_deadline)
{
	for (int round = 0; round < 500; round++) {
		struct kicking kicking = { .queue = block_queue_new(SLOTS, SCANS), .kicks = 1 };
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, kick_all, &kicking), 0);
		ck_assert_ptr_null(block_queue_wait(kicking.queue, FAR));
		pthread_join(thread, NULL);
		block_queue_free(kicking.queue);
	}
}
END_TEST

/* Puts the numbers from 0 on; what the queue has no room for is tried again. */
static void *produce(void *argument)
{
	struct block_queue *queue = argument;

	for (unsigned k = 0; k < BLOCKS;) {
		struct adc_block *block = block_queue_reserve(queue);

		if (!block) {
			sched_yield();
			continue;
		}
		block->n = SCANS;
		for (int c = 0; c < ADC_CHANNELS; c++)
			for (unsigned s = 0; s < SCANS; s++)
				block->scans[c][s] = (double)k * ADC_CHANNELS + c;
		block_queue_commit(queue);
		k++;
	}
	return NULL;
}

START_TEST(blocks_cross_threads_whole_and_in_order_while_others_kick)
{
	struct block_queue *queue = block_queue_new(SLOTS, SCANS);
	struct kicking kicking = { .queue = queue, .kicks = BLOCKS / 10 };
	pthread_t producer, kicker;

	ck_assert_int_eq(pthread_create(&producer, NULL, produce, queue), 0);
	ck_assert_int_eq(pthread_create(&kicker, NULL, kick_all, &kicking), 0);
	for (unsigned expected = 0; expected < BLOCKS;) {
		const struct adc_block *block = block_queue_wait(queue, FAR);

		if (!block)
			continue;
		ck_assert(value_of(block) == expected);
		block_queue_release(queue);
		expected++;
	}
	pthread_join(producer, NULL);
	pthread_join(kicker, NULL);
	block_queue_free(queue);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tests = tcase_create("queue");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, full_queue_refuses_and_takes_again_after_a_release);
	tcase_add_test(tests, reserved_block_is_cleared_but_for_the_arrays_it_was_given);
	tcase_add_test(tests, past_deadline_gives_nothing_or_the_block_that_waits);
	tcase_add_test(tests, kicks_before_a_wait_count_once_and_come_before_blocks);
	tcase_add_test(tests, kick_from_another_thread_ends_a_wait_without_deadline);
	tcase_add_test(tests, blocks_cross_threads_whole_and_in_order_while_others_kick);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
